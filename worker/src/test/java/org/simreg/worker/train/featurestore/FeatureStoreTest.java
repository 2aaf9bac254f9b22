package org.simreg.worker.train.featurestore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.UserError;

/** Tests of feature stores: bits, damage, and several processes on one file. */
class FeatureStoreTest {
    private static final int WIDTH = 37;
    private static final int SAMPLES = 50;
    private static final int VIEWS = 3;

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve("new").resolve("teacher-1.features");
    }

    private static StoreHeader.Shape shape(RowFormat format) {
        return new StoreHeader.Shape(WIDTH, format, SAMPLES, VIEWS);
    }

    private static StoreHeader.Key key(String... more) {
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put("teacher file", "ab".repeat(32));
        parts.put("seed", "0");
        for (int i = 0; i < more.length; i += 2) {
            parts.put(more[i], more[i + 1]);
        }
        return new StoreHeader.Key(parts);
    }

    private FeatureStore open(RowFormat format) {
        return FeatureStore.open(file(), shape(format), key());
    }

    /** What a sample's row in a view is, for any process. */
    private static float[] row(int view, int sample) {
        SplittableRandom random = new SplittableRandom(view * 1000L + sample);
        float[] row = new float[WIDTH];
        for (int i = 0; i < WIDTH; i++) {
            row[i] = (float) random.nextDouble(-3, 3);
        }
        return row;
    }

    private static float[] read(FeatureStore store, int view, int sample) {
        float[] into = new float[WIDTH + 2];
        assertTrue(store.read(view, sample, into, 1), view + ", " + sample);
        return Arrays.copyOfRange(into, 1, WIDTH + 1);
    }

    @Test
    void whatIsWrittenIsReadToTheBitAlsoByAnotherProcessLater() throws IOException {
        try (FeatureStore store = open(RowFormat.FLOAT32)) {
            assertFalse(store.has(2, 49));
            assertFalse(store.read(2, 49, new float[WIDTH], 0));
            float[] odd = row(2, 49);
            odd[0] = -0f;
            odd[1] = Float.intBitsToFloat(0x7fc12345);
            odd[2] = Float.MIN_VALUE;
            store.write(2, 49, odd, 0);
            store.write(0, 0, row(0, 0), 0);
            assertTrue(store.has(2, 49));
            assertArrayEquals(bits(odd), bits(read(store, 2, 49)));
        }
        try (FeatureStore again = open(RowFormat.FLOAT32)) {
            assertArrayEquals(row(0, 0), read(again, 0, 0));
            assertEquals(SAMPLES * VIEWS - 2, again.absent(VIEWS));
        }
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }

    @Test
    void aHalfStoreGivesWhatRoundingGives() throws IOException {
        try (FeatureStore store = open(RowFormat.FLOAT16)) {
            store.write(1, 7, row(1, 7), 0);
            float[] rounded = row(1, 7);
            RowFormat.FLOAT16.round(rounded);
            assertArrayEquals(rounded, read(store, 1, 7));
        }
        assertTrue(shape(RowFormat.FLOAT16).bytes() < shape(RowFormat.FLOAT32).bytes());
    }

    @Test
    void aRowOfZerosIsThere() throws IOException {
        try (FeatureStore store = open(RowFormat.FLOAT32)) {
            store.write(0, 3, new float[WIDTH], 0);
            assertEquals(FeatureStore.Row.PRESENT, store.check(0, 3));
            assertEquals(FeatureStore.Row.ABSENT, store.check(0, 2));
        }
    }

    @ParameterizedTest
    @EnumSource(RowFormat.class)
    void aRowThatLostAnyByteIsAbsentAndItsNeighboursAreNot(RowFormat format) throws IOException {
        try (FeatureStore store = open(format)) {
            for (int sample = 0; sample < 3; sample++) {
                store.write(0, sample, row(0, sample), 0);
            }
            int bytes = shape(format).rowBytes();
            for (int at = 0; at < bytes; at++) {
                flip(StoreHeader.BYTES + bytes + at);
                assertFalse(store.read(0, 1, new float[WIDTH], 0), "byte " + at);
                assertEquals(FeatureStore.Row.DAMAGED, store.check(0, 1));
                flip(StoreHeader.BYTES + bytes + at);
            }
            assertTrue(store.read(0, 0, new float[WIDTH], 0));
            assertTrue(store.read(0, 1, new float[WIDTH], 0));
            assertTrue(store.read(0, 2, new float[WIDTH], 0));
        }
    }

    private void flip(long at) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file().toFile(), "rw")) {
            open.seek(at);
            int old = open.read();
            open.seek(at);
            open.write(old ^ 0x10);
        }
    }

    @Test
    void aRowInAnothersPlaceIsDamaged() throws IOException {
        int bytes = shape(RowFormat.FLOAT32).rowBytes();
        try (FeatureStore store = open(RowFormat.FLOAT32);
                RandomAccessFile open = new RandomAccessFile(file().toFile(), "rw")) {
            store.write(0, 1, row(0, 1), 0);
            byte[] row = new byte[bytes];
            open.seek(StoreHeader.BYTES + bytes);
            open.readFully(row);
            open.seek(StoreHeader.BYTES + 2L * bytes);
            open.write(row);
            assertEquals(FeatureStore.Row.PRESENT, store.check(0, 1));
            assertEquals(FeatureStore.Row.DAMAGED, store.check(0, 2));
        }
    }

    @Test
    void anInterruptedThreadStillWrites() throws IOException {
        try (FeatureStore store = open(RowFormat.FLOAT32)) {
            Thread.currentThread().interrupt();
            store.write(0, 1, row(0, 1), 0);
            assertTrue(Thread.interrupted());
            store.write(0, 2, row(0, 2), 0);
            assertArrayEquals(row(0, 2), read(store, 0, 2));
        }
    }

    @Test
    void severalThatMakeAndFillOneFileAtOnceLoseNothing() throws Exception {
        int writers = 4;
        ExecutorService threads = Executors.newFixedThreadPool(writers);
        try {
            List<Future<?>> ends = new ArrayList<>();
            for (int i = 0; i < writers; i++) {
                int seed = i;
                ends.add(threads.submit(() -> fill(seed)));
            }
            for (Future<?> end : ends) {
                end.get();
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        } finally {
            threads.shutdownNow();
        }
        try (FeatureStore store = open(RowFormat.FLOAT32)) {
            for (int view = 0; view < VIEWS; view++) {
                for (int sample = 0; sample < SAMPLES; sample++) {
                    assertArrayEquals(row(view, sample), read(store, view, sample));
                }
            }
        }
        try (Stream<Path> files = Files.list(file().getParent())) {
            assertEquals(List.of(file()), files.toList(), "no drafts are left");
        }
    }

    /** In an order of its own, and all of it: each row is written by several. */
    private Void fill(int seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        try (FeatureStore store = open(RowFormat.FLOAT32)) {
            for (int i = 0; i < 20 * SAMPLES * VIEWS; i++) {
                int view = random.nextInt(VIEWS);
                int sample = random.nextInt(SAMPLES);
                float[] found = new float[WIDTH];
                if (store.read(view, sample, found, 0)) {
                    assertArrayEquals(row(view, sample), found);
                } else {
                    store.write(view, sample, row(view, sample), 0);
                }
            }
        }
        return null;
    }

    @Test
    void aStoreOfOtherFeaturesIsRefusedByWhatDiffers() {
        open(RowFormat.FLOAT32).close();
        StoreHeader.Key other = key("seed", "7", "teacher file", "cd".repeat(32));
        String why = refusal(shape(RowFormat.FLOAT32), other);
        assertTrue(why.contains("seed (0 there, 7 asked for)"), why);
        assertTrue(why.contains("teacher file (abababababab there, cdcdcdcdcdcd asked"), why);
        assertTrue(why.contains("--cache-store"), why);
        assertTrue(why.contains(file().toString()), why);
        String half = refusal(shape(RowFormat.FLOAT16), key());
        assertTrue(half.contains("float32 there, float16 asked for"), half);
        String wide = refusal(new StoreHeader.Shape(WIDTH + 1, RowFormat.FLOAT32, SAMPLES, 1), key());
        assertTrue(wide.contains("37 there, 38 asked for"), wide);
        String more = refusal(new StoreHeader.Shape(WIDTH, RowFormat.FLOAT32, SAMPLES, 4), key());
        assertTrue(more.contains("views (3 there, 4 asked for)"), more);
        FeatureStore.open(file(), new StoreHeader.Shape(WIDTH, RowFormat.FLOAT32, SAMPLES, 2), key())
                .close();
    }

    private String refusal(StoreHeader.Shape shape, StoreHeader.Key key) {
        return assertThrows(
                        UserError.class,
                        () -> FeatureStore.open(file(), shape, key).close())
                .getMessage();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 100, 4096, 5000})
    void aStoreCutOffAnywhereIsRefused(long length) throws IOException {
        open(RowFormat.FLOAT32).close();
        try (RandomAccessFile open = new RandomAccessFile(file().toFile(), "rw")) {
            open.setLength(length);
        }
        String why = refusal(shape(RowFormat.FLOAT32), key());
        assertTrue(why.contains(file() + " ") && why.contains("delete it"), why);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 9, 40, 4095})
    void aStoreWhoseHeaderIsDamagedIsRefused(long at) throws IOException {
        open(RowFormat.FLOAT32).close();
        flip(at);
        String why = refusal(shape(RowFormat.FLOAT32), key());
        assertTrue(why.contains(file() + " ") && why.contains("delete it"), why);
    }

    /** Whoever reads from a pipe waits for who writes to it. */
    @Test
    void aPipeInAStoresPlaceIsRefused() throws Exception {
        Files.createDirectories(file().getParent());
        assertEquals(0, new ProcessBuilder("mkfifo", file().toString()).start().waitFor());
        String why = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> refusal(shape(RowFormat.FLOAT32), key()));
        assertEquals(
                "Features can't be kept in %s (it is a pipe, and only a regular file can be read); choose a folder that is writable with --cache-store"
                        .formatted(file()),
                why);
        UserError reported = assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> assertThrows(UserError.class, () -> StoreReport.of(file().getParent())));
        assertTrue(reported.getMessage().endsWith(file() + ": it is a pipe, and only a regular file can be read"));
    }

    @Test
    void aClosedStoreIsNotRead() {
        FeatureStore store = open(RowFormat.FLOAT32);
        store.close();
        store.close();
        assertThrows(IllegalStateException.class, () -> store.has(0, 0));
    }

    @Test
    void rowsBehindTwoGibibytesAreFound() throws IOException {
        StoreHeader.Shape large = new StoreHeader.Shape(2048, RowFormat.FLOAT32, 100_000, 4);
        try (FeatureStore store = FeatureStore.open(file(), large, key())) {
            float[] row = new float[2048];
            for (int view = 0; view < 4; view++) {
                for (int sample : new int[] {0, 50_001, 99_999}) {
                    row[5] = view * 100_000f + sample;
                    store.write(view, sample, row, 0);
                }
            }
            for (int view = 0; view < 4; view++) {
                for (int sample : new int[] {0, 50_001, 99_999}) {
                    assertTrue(store.read(view, sample, row, 0));
                    assertEquals(view * 100_000f + sample, row[5]);
                    assertFalse(store.has(view, sample == 0 ? 1 : sample - 1));
                }
            }
        }
    }
}
