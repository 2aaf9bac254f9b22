package org.simreg.coordinator.grpc.samples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.BatchLoader;

@Timeout(60)
class RemoteViewsTest {
    @TempDir
    Path folder;

    private Pictures pictures() {
        return new Pictures(folder.resolve("images"));
    }

    private Pictures threeClasses() {
        return pictures().add("train/ant", 9).add("train/bee", 6).add("train/cat/deep", 7);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aWorkerWithoutTheStorageMakesTheSameViewsBitForBit(boolean loopback) throws Exception {
        threeClasses().add("val/bee", 5).add("val/cat", 4);
        try (FarStorage far = new FarStorage(folder, loopback)) {
            Dataset dataset = far.dataset("images");
            ImageDataset local = far.local(dataset);
            ImageDataset remote = far.worker().open(dataset, far.notices::add);
            assertEquals(local.sha256(), remote.sha256());
            assertAlike(local.train(), remote.train());
            assertAlike(local.val().orElseThrow(), remote.val().orElseThrow());
            Views.assertSame(local.train(), remote.train(), 0, 2);
            Views.assertSame(local.val().get(), remote.val().get(), 0, 1);
            int batches = 22 / 4 + 9 / 4;
            assertTrue(far.calls.get() <= 2 * batches, far.calls + " calls for batches");
            assertEquals(List.of(), List.copyOf(far.notices));
        }
    }

    private void assertAlike(ImageList local, ImageList remote) {
        assertEquals(local.classNames(), remote.classNames());
        assertEquals(local.labelled(), remote.labelled());
        assertEquals(local.size(), remote.size());
        assertEquals(local.sha256(), remote.sha256());
        for (int id : IntStream.range(0, local.size()).toArray()) {
            assertEquals(local.label(id), remote.label(id));
            assertEquals(local.path(id), remote.path(id));
            assertTrue(remote.key(id).contains(FarStorage.FAR + "/"), remote.key(id));
        }
    }

    @Test
    void samplesOfTarsAndListsComeFromTheCoordinatorToo() throws Exception {
        Pictures pictures = threeClasses();
        tar(pictures.root.resolve("train"), folder.resolve("images.tar"));
        Path outside = new Pictures(folder.resolve("more")).add("dog", 5).root;
        Files.writeString(folder.resolve("list.txt"), "more/dog/00.png\tdog\nmore/dog/01.jpg\tdog\n");
        try (FarStorage far = new FarStorage(folder, true)) {
            Dataset dataset = far.dataset(Dataset.newBuilder()
                    .addPath("tar:" + FarStorage.FAR + "/images.tar")
                    .addPath("list:" + FarStorage.FAR + "/list.txt")
                    .build());
            ImageDataset local = far.local(dataset);
            assertEquals(List.of("ant", "bee", "cat", "dog"), local.train().classNames());
            ImageDataset remote = far.worker().open(dataset, far.notices::add);
            assertAlike(local.train(), remote.train());
            Views.assertSame(local.train(), remote.train(), 0, 2);
            assertTrue(far.bytes.get() > 0, "read from the coordinator");
            Files.write(folder.resolve("images.tar"), new byte[10240], StandardOpenOption.APPEND);
            Files.delete(outside.resolve("dog/00.png"));
            String changed = assertThrows(
                            UserError.class,
                            () -> Views.assertSame(
                                    local.train(),
                                    far.worker().open(dataset, far.notices::add).train(),
                                    1,
                                    2))
                    .getMessage();
            assertTrue(changed.contains("images.tar has changed since it was listed"), changed);
        }
    }

    private static void tar(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from);
                TarArchiveOutputStream out = new TarArchiveOutputStream(Files.newOutputStream(to))) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                out.putArchiveEntry(
                        new TarArchiveEntry(file, from.relativize(file).toString()));
                Files.copy(file, out);
                out.closeArchiveEntry();
            }
        }
    }

    @Test
    void theChoiceOfClassesIsTheCoordinators() throws Exception {
        threeClasses().add("val/bee", 5).add("val/ant", 4);
        Files.writeString(folder.resolve("classes.txt"), "cat\nbee\n");
        try (FarStorage far = new FarStorage(folder, false)) {
            Dataset.Builder asked = Dataset.newBuilder().addPath(FarStorage.FAR + "/images");
            Dataset listed = far.dataset(
                    asked.setClassesFile(FarStorage.FAR + "/classes.txt").build());
            ImageDataset remote = far.worker().open(listed, far.notices::add);
            assertEquals(List.of("bee", "cat"), remote.train().classNames());
            assertAlike(far.local(listed).train(), remote.train());
            assertAlike(far.local(listed).val().orElseThrow(), remote.val().orElseThrow());
            Views.assertSame(far.local(listed).train(), remote.train(), 0, 1);
            Dataset first = far.dataset(asked.setLimitClasses(1).build());
            assertEquals(
                    List.of("bee"),
                    far.worker().open(first, far.notices::add).train().classNames());
        }
    }

    @Test
    void aFolderOfUnlabelledImagesIsOneToo() throws Exception {
        pictures().add("", 9);
        try (FarStorage far = new FarStorage(folder, false)) {
            Dataset dataset = far.dataset("images");
            ImageDataset remote = far.worker().open(dataset, far.notices::add);
            assertEquals(Optional.empty(), remote.val());
            assertAlike(far.local(dataset).train(), remote.train());
            Views.assertSame(far.local(dataset).train(), remote.train(), 0, 1);
        }
    }

    @Test
    void thePlaceOfABrokenImageIsTakenByTheSameOneEverywhere() throws Exception {
        Pictures pictures = threeClasses();
        pictures.write("train/ant/03b.jpg", new byte[0]);
        pictures.write("train/bee/00b.png", new byte[5000]);
        pictures.write("train/cat/zz.jpg", new byte[7]).add("train/gone", 4);
        try (FarStorage far = new FarStorage(folder, false)) {
            Dataset dataset = far.dataset("images");
            ImageDataset local = far.local(dataset);
            ImageDataset remote = far.worker().open(dataset, far.notices::add);
            removeLater(pictures);
            List<String> here = new CopyOnWriteArrayList<>();
            try (BatchLoader a = Views.loader(local.train(), here::add);
                    BatchLoader b = Views.loader(remote.train(), far.notices::add)) {
                Views.assertSame(a, b, local.train().size(), 0, 3);
            }
            assertEquals(5, here.size(), here.toString());
            assertEquals(reasons(here), reasons(far.notices));
        }
    }

    private static void removeLater(Pictures pictures) throws IOException {
        Files.delete(pictures.root.resolve("train/gone/01.jpg"));
        Files.delete(pictures.root.resolve("train/gone/02.png"));
    }

    private List<String> reasons(Iterable<String> notices) {
        List<String> reasons = new ArrayList<>();
        notices.forEach(notice -> reasons.add(notice.replace(FarStorage.FAR, folder.toString())));
        reasons.sort(null);
        return reasons;
    }
}
