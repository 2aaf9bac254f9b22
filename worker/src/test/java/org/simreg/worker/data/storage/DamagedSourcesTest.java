package org.simreg.worker.data.storage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Dataset;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleBytes;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.dataset.Tars;
import org.simreg.worker.data.image.FileBuffer;

/** Files of data sets that are damaged, lie about their sizes, or are no files: one sentence, or samples. */
@Timeout(120)
class DamagedSourcesTest {
    private static final int SEEDS = Integer.getInteger("simreg.test.fuzz", 15);
    private static final Path PARQUET = Path.of("src", "test", "resources", "parquet");
    private static final long HUGE = 6_000_000_000L;

    @TempDir
    Path folder;

    private int cache;

    private ImageDataset open(String source) {
        return DatasetOpener.local(
                Dataset.newBuilder().addPath(source).build(),
                new DatasetOpener.Local(
                        folder.resolve("cache-" + cache++), Roots.ANYWHERE, ImageDataset.IndexProgress.SILENT),
                note -> {});
    }

    /** Whether it is refused, when it is opened or where a sample is read; nothing else may happen. */
    private boolean isRefused(String source, String what) {
        try {
            ImageList images = open(source).train();
            for (int id = 0; id < images.size(); id++) {
                if (images.source() instanceof SampleSource.Stored stored) {
                    try (SampleBytes bytes = stored.open(id)) {
                        bytes.read(ByteBuffer.allocate((int) bytes.version().getLength()));
                    }
                }
            }
            return false;
        } catch (UserError e) {
            assertEquals(-1, e.getMessage().indexOf('\n'), what);
            return true;
        } catch (IOException e) {
            return true;
        } catch (RuntimeException | Error e) {
            throw new AssertionError(what, e);
        }
    }

    private static byte[] damaged(byte[] whole, Random random) {
        byte[] bytes = whole.clone();
        switch (random.nextInt(4)) {
            case 0 -> {
                return Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            case 1 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            case 2 -> {
                // Where formats keep what they say of themselves.
                int from = random.nextBoolean() ? 0 : Math.max(0, bytes.length - 600);
                for (int i = 0; i < 3; i++) {
                    bytes[from + random.nextInt(Math.min(600, bytes.length - from))] = (byte) random.nextInt();
                }
            }
            default -> {
                for (int i = 0; i < 20; i++) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
            }
        }
        return bytes;
    }

    private void fuzz(byte[] whole, String prefix, String name) throws IOException {
        int refused = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Path file = Files.write(folder.resolve(seed + name), damaged(whole, new Random(seed)));
            refused += isRefused(prefix + file, name + " seed " + seed) ? 1 : 0;
            Files.delete(file);
        }
        assertTrue(refused > 0, "no damage of " + SEEDS + " was noticed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"snappy-1.0", "zstd-2.0", "gzip-1.0", "none-2.0", "plain"})
    void parquet(String name) throws IOException {
        fuzz(Files.readAllBytes(PARQUET.resolve(name + ".parquet")), "parquet:", name + ".parquet");
    }

    @Test
    void tar() throws IOException {
        Path file = folder.resolve("whole.tar");
        Tars tars = new Tars();
        for (String name : List.of("train/a/1.png", "train/a/2.png", "train/b/1.png", "x".repeat(150) + "/c/1.png")) {
            tars.add(name, "picture " + name);
        }
        fuzz(Files.readAllBytes(tars.write(file)), "tar:", "x.tar");
    }

    @Test
    void list() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            Path picture = Files.writeString(folder.resolve(i + ".png"), "picture");
            lines.append(picture).append('\t').append(i % 3).append('\n');
        }
        fuzz(lines.toString().getBytes(StandardCharsets.UTF_8), "list:", "x.tsv");
    }

    /** The list of columns says that it has as many as a number can say; two billion places for them would be allocated. */
    @Test
    void aFooterThatClaimsTwoBillionColumns() throws IOException {
        byte[] whole = Files.readAllBytes(PARQUET.resolve("plain.parquet"));
        ByteBuffer end = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
        int length = end.getInt(whole.length - 8);
        int footer = whole.length - 8 - length;
        // In Thrift's compact protocol: field 1, the version; field 2, a list whose size stands beside the kind of its
        // items.
        assertEquals(0x19, whole[footer + 2]);
        ByteBuffer lies = ByteBuffer.allocate(whole.length + 5).order(ByteOrder.LITTLE_ENDIAN);
        lies.put(whole, 0, footer + 3).put((byte) 0xfc).put(new byte[] {-1, -1, -1, -1, 7});
        lies.put(whole, footer + 4, length - 4).putInt(length + 5).put(whole, whole.length - 4, 4);
        Path file = Files.write(folder.resolve("lies.parquet"), lies.array());
        assertTrue(isRefused("parquet:" + file, "the footer"));
    }

    /** Each column's first page says that it has as many values as a number can say; a place for each would be allocated. */
    @ParameterizedTest
    @ValueSource(ints = {Integer.MAX_VALUE, -1})
    void pagesThatClaimTwoBillionValues(int values) throws IOException {
        byte[] whole = Files.readAllBytes(PARQUET.resolve("none-1.0.parquet"));
        int length = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getInt(whole.length - 8);
        int footer = whole.length - 8 - length;
        FileMetaData meta = Util.readFileMetaData(new ByteArrayInputStream(whole, footer, length));
        for (int column = 0; column < meta.getRow_groups().get(0).getColumnsSize(); column++) {
            FileMetaData lies = meta.deepCopy();
            ColumnMetaData chunk =
                    lies.getRow_groups().get(0).getColumns().get(column).getMeta_data();
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.write(whole, 0, footer);
            int at = (int) chunk.getData_page_offset();
            ByteArrayInputStream in = new ByteArrayInputStream(whole, at, whole.length - at);
            PageHeader header = Util.readPageHeader(in);
            int data = whole.length - in.available();
            header.getData_page_header().setNum_values(values);
            chunk.setData_page_offset(footer);
            chunk.setNum_values(Integer.MAX_VALUE);
            Util.writePageHeader(header, out);
            out.write(whole, data, header.getCompressed_page_size());
            int before = out.size();
            Util.writeFileMetaData(lies, out);
            byte[] end = ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(out.size() - before)
                    .put(whole, whole.length - 4, 4)
                    .array();
            out.writeBytes(end);
            Path file = Files.write(folder.resolve(column + ".parquet"), out.toByteArray());
            boolean used = isRefused("parquet:" + file, "column " + column);
            assertTrue(used || !chunk.getPath_in_schema().toString().contains("bytes"), "column " + column);
        }
    }

    /** A hole takes no room on the disk. */
    @ParameterizedTest
    @ValueSource(strings = {"list:hole.txt", "tar:hole.tar", "parquet:hole.parquet"})
    void aFileOfSixGigabytesOfNothing(String source) throws IOException {
        String kind = source.substring(0, source.indexOf(':') + 1);
        Path file = folder.resolve(source.substring(kind.length()));
        try (RandomAccessFile hole = new RandomAccessFile(file.toFile(), "rw")) {
            hole.setLength(HUGE);
        }
        UserError refused = assertThrows(UserError.class, () -> open(kind + file));
        assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"list:, /dev/zero", "tar:, /dev/zero", "parquet:, /dev/zero", "list:, pipe", "tar:, pipe.tar"})
    void whatIsNoFile(String kind, String path) throws Exception {
        Path file = folder.resolve(path);
        if (path.startsWith("pipe")) {
            assertEquals(
                    0, new ProcessBuilder("mkfifo", file.toString()).start().waitFor());
        }
        UserError refused = assertThrows(UserError.class, () -> open(kind + file));
        assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
    }

    /** Who opens a pipe waits for its other end. */
    @ParameterizedTest
    @ValueSource(strings = {"tar:late.tar", "parquet:late.parquet", "list:late.txt"})
    void whatBecameAPipeOnceItWasListed(String source) throws Exception {
        String kind = source.substring(0, source.indexOf(':') + 1);
        Path file = folder.resolve(source.substring(kind.length()));
        Path late = file;
        switch (kind) {
            case "tar:" -> new Tars().add("train/a/1.png", "picture").write(file);
            case "parquet:" -> Files.copy(PARQUET.resolve("plain.parquet"), file);
            default -> {
                late = Files.writeString(folder.resolve("1.png"), "picture");
                Files.writeString(file, "1.png\n");
            }
        }
        ImageList images = open(kind + file).train();
        Files.delete(late);
        assertEquals(0, new ProcessBuilder("mkfifo", late.toString()).start().waitFor());
        Exception refused = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            try (FileBuffer buffer = new FileBuffer()) {
                return assertThrows(Exception.class, () -> images.source().read(0, buffer, () -> true));
            }
        });
        assertTrue(refused instanceof UserError || refused instanceof IOException, refused.toString());
        assertTrue(refused.getMessage().contains(late.toString()), refused.getMessage());
        assertTrue(
                refused.getMessage().endsWith(": it is a pipe, and only a regular file can be read"),
                refused.getMessage());
    }

    /** To list a pipe as a folder would wait for who writes to it. */
    @ParameterizedTest
    @ValueSource(strings = {"%s", "%s/*.tar", "tar:%s/*.tar", "parquet:%s/*"})
    @Timeout(10)
    void whatIsNoFolder(String source) throws Exception {
        Path pipe = folder.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        UserError refused = assertThrows(UserError.class, () -> open(source.formatted(pipe)));
        assertTrue(refused.getMessage().contains(pipe.toString()), refused.getMessage());
    }

    /** Numbers in base 256, as GNU writes large ones: below zero, and more than any file has. */
    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 50})
    void aMemberThatClaimsAnAbsurdSize(long size) throws IOException {
        Path file = folder.resolve("absurd.tar");
        byte[] bytes =
                Files.readAllBytes(new Tars().add("train/a/1.png", "picture").write(file));
        ByteBuffer.wrap(bytes, 124, 12)
                .putInt(size < 0 ? 0xffffffff : 0x80000000)
                .putLong(size);
        sum(bytes);
        Files.write(file, bytes);
        assertTrue(isRefused("tar:" + file, "size " + size));
    }

    /** Of GNU's older form, longer than what is read of a file at once. */
    @Test
    void aWholeTarWithASparseMemberHasTheOthersSamples() throws IOException {
        byte[] bytes = new Tars()
                .add("train/a/hole.png", new byte[9000])
                .add("train/a/1.png", "picture")
                .bytes();
        text(bytes, 156, "S");
        text(bytes, 257, "ustar  \0");
        text(bytes, 386, "%011o\0%011o\0%011o\0%011o\0".formatted(0, 9000, 5_000_000, 0));
        text(bytes, 483, "%011o\0".formatted(5_000_000));
        sum(bytes);
        Path file = Files.write(folder.resolve("sparse.tar"), bytes);
        assertEquals(1, open("tar:" + file).train().size());
    }

    private static void text(byte[] header, int at, String text) {
        System.arraycopy(text.getBytes(StandardCharsets.US_ASCII), 0, header, at, text.length());
    }

    /** Writes the sum of the first header. */
    private static void sum(byte[] header) {
        int sum = 0;
        Arrays.fill(header, 148, 156, (byte) ' ');
        for (int i = 0; i < 512; i++) {
            sum += header[i] & 0xff;
        }
        text(header, 148, "%06o\0 ".formatted(sum));
    }
}
