package org.simreg.worker.data.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;

/** Parquet files that pyarrow wrote (scripts/fixtures/parquet.py), as data sets. */
class ParquetTest {
    private static final Path FILES = Path.of("src", "test", "resources", "parquet");

    @TempDir
    Path folder;

    private final List<String> notes = new ArrayList<>();

    private ImageDataset open(String file, String field) {
        Dataset.Builder dataset = Dataset.newBuilder().addPath("parquet:" + file);
        if (!field.isEmpty()) {
            dataset.setLabelField(field);
        }
        notes.clear();
        return DatasetOpener.local(
                dataset.build(),
                new DatasetOpener.Local(folder.resolve("cache"), Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT),
                notes::add);
    }

    private static String content(ImageList images, int id) throws IOException {
        try (SampleBytes bytes = ((SampleSource.Stored) images.source()).open(id)) {
            ByteBuffer all = ByteBuffer.allocate((int) bytes.version().getLength());
            bytes.read(all);
            assertFalse(all.hasRemaining());
            return new String(all.array(), StandardCharsets.UTF_8);
        }
    }

    /** The value of a row, as the script made it. */
    private static String value(int row) {
        return "value %d ".formatted(row % 7).repeat(1 + row % 5);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "snappy-1.0",
                "zstd-1.0",
                "gzip-1.0",
                "none-1.0",
                "snappy-2.0",
                "zstd-2.0",
                "gzip-2.0",
                "none-2.0"
            })
    void everyValueIsRead(String name) throws IOException {
        ImageDataset found = open(FILES + "/" + name + ".parquet", "");
        ImageList images = found.train();
        assertEquals(List.of("a", "b", "c"), images.classNames());
        List<Integer> rows = new ArrayList<>();
        for (int id = 0; id < images.size(); id++) {
            int row = Integer.parseInt(images.name(id).replace(".png", ""));
            rows.add(row);
            assertEquals(row % 3, images.label(id), images.name(id));
            assertEquals(value(row), content(images, id), images.name(id));
            assertEquals(value(row).length(), images.bytes(id));
        }
        // Rows without an image, and those with the label -1.
        assertEquals(60 - 6 - 3, rows.stream().distinct().count());
        assertTrue(notes.toString().contains("left out: 6 rows without an image"), notes::toString);
        assertTrue(notes.toString().contains("left out: 3 images without a class"), notes::toString);
    }

    @Test
    void bytesWithoutPathsAreNamedByRow() throws IOException {
        ImageDataset found = open(FILES + "/plain.parquet", "kind");
        assertEquals(List.of("k0", "k1"), found.train().classNames());
        assertEquals("plain.parquet-000000002", found.train().name(1));
        assertEquals(value(2), content(found.train(), 1));
        assertTrue(notes.toString().contains("named by file and row"), notes::toString);
        assertFalse(open(FILES + "/plain.parquet", "").train().labelled());
    }

    @Test
    void splitsAreToldByTheFilesNames() throws IOException {
        Files.copy(FILES.resolve("snappy-1.0.parquet"), folder.resolve("train-00000-of-00002.parquet"));
        Files.copy(FILES.resolve("zstd-1.0.parquet"), folder.resolve("validation-00000-of-00001.parquet"));
        Files.copy(FILES.resolve("zstd-1.0.parquet"), folder.resolve("test-00000-of-00001.parquet"));
        ImageDataset found = open(folder + "/*.parquet", "");
        ImageList alone = open(FILES + "/snappy-1.0.parquet", "").train();
        assertEquals(alone.size(), found.train().size());
        assertEquals(alone.name(5), found.train().name(5));
        assertEquals(alone.size(), found.val().orElseThrow().size());
        open(folder + "/*.parquet", "");
        assertTrue(
                notes.toString()
                        .contains("train images of train-00000-of-00002.parquet, val images of"
                                + " validation-00000-of-00001.parquet; left out: test-00000-of-00001.parquet"),
                notes::toString);
    }

    @Test
    void aSplitWithoutClassesStaysBesideOneThatHasThem() throws IOException {
        Files.copy(FILES.resolve("plain.parquet"), folder.resolve("train-0.parquet"));
        Files.copy(FILES.resolve("zstd-1.0.parquet"), folder.resolve("val-0.parquet"));
        ImageDataset found = open(folder + "/*.parquet", "");
        assertEquals(
                open(FILES + "/plain.parquet", "").train().size(), found.train().size());
        assertFalse(found.train().labelled());
        assertEquals(List.of("a", "b", "c"), found.val().orElseThrow().classNames());
    }

    private String refused(String file, String field) {
        return assertThrows(UserError.class, () -> open(file, field)).getMessage();
    }

    @Test
    void whatCantBeReadIsNamed() throws IOException {
        assertTrue(
                refused(FILES + "/none.parquet", "").contains("has no column of images"),
                refused(FILES + "/none.parquet", ""));
        String column = refused(FILES + "/plain.parquet", "colour");
        assertTrue(column.contains("has no column colour (--label-field); it has jpg, kind"), column);
        assertTrue(
                refused(FILES + "/lz4.parquet", "").contains("codec LZ4_RAW isn't read"),
                refused(FILES + "/lz4.parquet", ""));
        byte[] whole = Files.readAllBytes(FILES.resolve("snappy-1.0.parquet"));
        Path cut = Files.write(folder.resolve("cut.parquet"), Arrays.copyOf(whole, whole.length - 9));
        assertTrue(refused(cut.toString(), "").contains("it may be cut short"), refused(cut.toString(), ""));
    }

    @Test
    void aDamagedFileEndsInASentenceAtEveryByte() throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve("none-1.0.parquet"));
        Path file = folder.resolve("damaged.parquet");
        for (int at = 4; at < whole.length; at += 37) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 0x5A;
            Files.write(file, damaged);
            try {
                ImageList images = open(file.toString(), "").train();
                for (int id = 0; id < images.size(); id++) {
                    content(images, id);
                }
            } catch (UserError e) {
                assertTrue(e.getMessage().contains("damaged.parquet"), e.getMessage());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a.png", "../png", "a/../b"})
    void aNameThatLeadsElsewhereIsRefused(String name) throws IOException {
        String file = Files.readString(FILES.resolve("none-1.0.parquet"), StandardCharsets.ISO_8859_1);
        assertTrue(file.contains("10.png"));
        Path odd = folder.resolve("odd.parquet");
        Files.writeString(odd, file.replace("10.png", name), StandardCharsets.ISO_8859_1);
        String told = refused(odd.toString(), "");
        assertTrue(told.contains(name + "; a name may not be absolute or have .. in it"), told);
    }
}
