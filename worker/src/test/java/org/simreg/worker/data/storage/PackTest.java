package org.simreg.worker.data.storage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.ImageManifest;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.dataset.Tars;
import org.simreg.worker.data.image.ImageDecoder;
import org.simreg.worker.data.image.RgbImage;
import org.simreg.worker.data.pack.PackSettings;
import org.simreg.worker.data.pack.ShardPacker;
import org.simreg.worker.data.store.LocalFolder;

/** Data sets written as shards, and read again. */
class PackTest {
    private static final Path SAMPLE = Path.of("..", "scripts", "sample", "train");
    private static final PackSettings SMALL =
            new PackSettings(40_000, Optional.empty(), Optional.empty(), Optional.empty());

    @TempDir
    Path folder;

    private ImageDataset pictures;

    @BeforeEach
    void copy() throws IOException {
        copy("symbols--arrow", "train", 0, 8);
        copy("objects--tool", "train", 0, 8);
        copy("objects--tool", "val", 8, 10);
        Files.write(folder.resolve("pictures/train/objects--tool/broken.png"), new byte[50]);
        pictures = open(folder.resolve("pictures").toString());
    }

    private void copy(String name, String part, int from, int to) throws IOException {
        Path target =
                Files.createDirectories(folder.resolve("pictures").resolve(part).resolve(name));
        for (Path file : Tars.files(SAMPLE.resolve(name)).subList(from, to)) {
            Files.copy(file, target.resolve(file.getFileName()));
        }
    }

    private ImageDataset open(String source) {
        return DatasetOpener.local(
                Dataset.newBuilder().addPath(source).build(),
                new DatasetOpener.Local(folder.resolve("cache"), Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT),
                note -> {});
    }

    private ShardPacker.Packed pack(PackSettings settings, String out) {
        return new ShardPacker(pictures, settings, new LocalFolder(folder.resolve(out)))
                .pack(2, ProgressMonitor.SILENT);
    }

    private List<String> digests(String out) throws IOException {
        List<String> all = new ArrayList<>();
        for (Path file : Tars.files(folder.resolve(out))) {
            all.add(file.getFileName() + " " + Sha256.of(file));
        }
        return all;
    }

    @Test
    void shardsHoldTheSamplesOfTheSource() throws IOException {
        ShardPacker.Packed packed = pack(SMALL, "shards");
        assertEquals(new ShardPacker.Packed(19, 1), packed);
        ImageDataset again = open("tar:" + folder.resolve("shards") + "/*.tar");
        assertEquals(pictures.sha256(), again.sha256());
        assertEquals(
                ImageManifest.of(pictures.train()).sha256(),
                ImageManifest.of(again.train()).sha256());
        assertEquals(
                pictures.val().orElseThrow().sha256(), again.val().orElseThrow().sha256());
        for (int id = 0; id < pictures.train().size(); id++) {
            assertArrayEquals(bytes(pictures.train(), id), bytes(again.train(), id));
        }
        assertTrue(Files.exists(folder.resolve("shards/train-000001.tar")), "several shards");
        String broken = Files.readString(folder.resolve("shards/broken.txt"));
        assertTrue(broken.contains("\tkept\ttrain/objects--tool/broken.png\t"), broken);
        String index = Files.readString(folder.resolve("shards/index.json"));
        assertTrue(index.contains("\"url\": \"val-000000.tar\", \"nsamples\": 2"), index);
    }

    private static byte[] bytes(ImageList images, int id) throws IOException {
        try (SampleBytes bytes = ((SampleSource.Stored) images.source()).open(id)) {
            ByteBuffer all = ByteBuffer.allocate((int) bytes.version().getLength());
            bytes.read(all);
            return all.array();
        }
    }

    @Test
    void aPackingGoesOnAndGivesTheSameBytesEveryTime() throws IOException {
        pack(SMALL, "one");
        pack(SMALL, "two");
        List<String> whole = digests("one");
        assertEquals(whole, digests("two"));
        Files.delete(folder.resolve("two/train-000000.tar"));
        Files.delete(folder.resolve("two/index.json"));
        long kept = Files.getLastModifiedTime(folder.resolve("two/train-000001.tar"))
                .toMillis();
        pack(SMALL, "two");
        assertEquals(whole, digests("two"));
        assertEquals(
                kept,
                Files.getLastModifiedTime(folder.resolve("two/train-000001.tar"))
                        .toMillis());
        PackSettings other = new PackSettings(50_000, Optional.empty(), Optional.empty(), Optional.empty());
        String refused = assertThrows(UserError.class, () -> pack(other, "two")).getMessage();
        assertTrue(refused.contains("holds shards of other data or settings"), refused);
        Files.writeString(Files.createDirectories(folder.resolve("taken")).resolve("x"), "x");
        assertTrue(assertThrows(UserError.class, () -> pack(SMALL, "taken"))
                .getMessage()
                .contains("other files"));
    }

    @Test
    void picturesAreMadeSmallerAndBrokenOnesLeftOut() throws IOException {
        PackSettings smaller = new PackSettings(1_000_000, Optional.of(20), Optional.of(80), Optional.of(3L));
        assertEquals(new ShardPacker.Packed(18, 1), pack(smaller, "small"));
        ImageDataset again = open("tar:" + folder.resolve("small") + "/{train,val}-000000.tar");
        assertEquals(16, again.train().size());
        RgbImage picture = new RgbImage();
        try (ImageDecoder decoder = new ImageDecoder(10_000)) {
            decoder.decode(file -> again.train().source().read(3, file, () -> true), picture);
        }
        assertEquals(20, Math.min(picture.width, picture.height));
        assertTrue(again.train().name(3).endsWith(".jpg"), again.train().name(3));
        assertFalse(Files.readString(folder.resolve("small/broken.txt")).contains("kept"));
    }
}
