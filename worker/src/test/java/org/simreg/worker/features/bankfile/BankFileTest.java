package org.simreg.worker.features.bankfile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.search.MemoryRows;
import org.simreg.worker.features.search.SearchThreads;
import org.simreg.worker.features.search.Shard;
import org.simreg.worker.features.search.TopK;

/** Tests of the files of banks: the same answers as from memory, and damage refused. */
class BankFileTest {
    private static final BankOrigin ORIGIN = new BankOrigin("sha256:1234", "centre 224 of 256, größer");
    private static final int WIDTH = 20;
    private static final int SIZE = 2500;

    private static Torch torch;
    private static SearchThreads threads;

    @TempDir
    Path folder;

    @BeforeAll
    static void startThreads() {
        torch = new Torch("cpu", 1);
        threads = new SearchThreads(torch, 2);
    }

    @AfterAll
    static void endThreads() {
        threads.close();
        torch.close();
    }

    @Test
    void aBankFromItsFileAnswersAsTheRowsInMemory() {
        float[] features = features(3);
        Path file = written(features);
        MemoryRows rows = MemoryRows.unit(WIDTH, features);
        try (Shard stored = Shard.open(file, threads, 1 << 20);
                Shard held = Shard.of(rows, threads)) {
            assertEquals(ORIGIN, stored.origin());
            assertEquals(SIZE, stored.size());
            assertEquals(WIDTH, stored.dimension());
            float[] queries = Arrays.copyOf(features(4), 30 * WIDTH);
            TopK expected = held.search(queries, 12, () -> false);
            TopK found = stored.search(queries, 12, () -> false);
            assertArrayEquals(expected.ids(), found.ids());
            assertArrayEquals(expected.labels(), found.labels());
            assertArrayEquals(expected.cosines(), found.cosines());
        }
    }

    @Test
    void theSameRowsGiveTheSameBytes() throws IOException {
        byte[] once = Files.readAllBytes(written(features(5)));
        assertArrayEquals(once, Files.readAllBytes(written(features(5))));
    }

    @Test
    void everyDamagedByteIsRefusedByTheNameOfTheFile() throws IOException {
        Path file = written(features(6));
        byte[] whole = Files.readAllBytes(file);
        int head = BankLayout.headBytes(WIDTH, ORIGIN);
        int block = BankLayout.blockBytes(WIDTH);
        Random random = new Random(1);
        int text = 32 + ORIGIN.weights().length();
        int[] places = {0, 8, 12, 16, 24, 28, 33, text, 300, head, head + block, head + 8 * 1024};
        for (int i = 0; i < 40; i++) {
            byte[] damaged = whole.clone();
            int place = i < places.length ? places[i] : head + random.nextInt(3 * block);
            damaged[place] ^= (byte) (1 << random.nextInt(8));
            assertRefused(file, damaged, "byte " + place);
        }
    }

    @Test
    void aFileOfAnotherLengthIsRefused() throws IOException {
        Path file = written(features(7));
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {0, 1, 31, 32, 500, 4096, whole.length - 1, whole.length + 1}) {
            assertRefused(file, Arrays.copyOf(whole, length), "length " + length);
        }
        Files.delete(file);
        assertTrue(assertThrows(UserError.class, () -> Shard.open(file, threads, 1 << 20))
                .getMessage()
                .contains("no such file"));
        assertThrows(UserError.class, () -> Shard.open(folder, threads, 1 << 20));
    }

    private void assertRefused(Path file, byte[] bytes, String what) throws IOException {
        Files.write(file, bytes);
        UserError refused = assertThrows(UserError.class, () -> Shard.open(file, threads, 1 << 20), what);
        assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
    }

    @Test
    void aBankOverTheLimitIsRefusedBeforeItIsRead() {
        Path file = written(features(8));
        long bytes = Shard.bytes(SIZE, WIDTH);
        // Float32, bfloat16, eight bits (32 for 20) with their scale and sum, label and id.
        assertEquals(SIZE * (4 * WIDTH + 2 * WIDTH + 32 + 8 + 12), bytes);
        Shard.open(file, threads, bytes).close();
        UserError refused = assertThrows(UserError.class, () -> Shard.open(file, threads, bytes - 1));
        assertTrue(refused.getMessage().contains("2500 rows"), refused.getMessage());
    }

    @Test
    void rowsWithoutADirectionAreRefusedAndLeaveTheOldBank() {
        Path file = written(features(9));
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 0}) {
            float[] features = new float[2 * WIDTH];
            Arrays.fill(features, 0, WIDTH, 1);
            features[WIDTH] = bad;
            UserError refused =
                    assertThrows(UserError.class, () -> write(file, new long[] {7, 9}, new int[2], features));
            assertTrue(refused.getMessage().contains("id 9"), refused.getMessage());
        }
        Shard.open(file, threads, 1 << 20).close();
    }

    @Test
    void idsThatDoNotAscendAreRefused() {
        float[] features = new float[2 * WIDTH];
        Arrays.fill(features, 1);
        Path file = folder.resolve("ids.bank");
        for (long second : new long[] {7, 6, -1}) {
            assertThrows(UserError.class, () -> write(file, new long[] {7, second}, new int[2], features));
        }
        assertThrows(UserError.class, () -> write(file, new long[0], new int[0], new float[0]));
        assertThrows(IllegalArgumentException.class, () -> write(file, new long[1], new int[2], features));
        assertFalse(Files.exists(file));
    }

    private Path written(float[] features) {
        Path file = folder.resolve("rows.bank");
        MemoryRows rows = MemoryRows.unit(WIDTH, features);
        int written = BankWriter.write(file, WIDTH, ORIGIN, bank -> {
            for (int from = 0; from < SIZE; from += 600) {
                int to = Math.min(SIZE, from + 600);
                bank.add(
                        LongStream.range(from, to)
                                .map(row -> rows.id((int) row))
                                .toArray(),
                        LongStream.range(from, to)
                                .mapToInt(row -> rows.label((int) row))
                                .toArray(),
                        Arrays.copyOfRange(features, from * WIDTH, to * WIDTH));
            }
        });
        assertEquals(SIZE, written);
        return file;
    }

    private static void write(Path file, long[] ids, int[] labels, float[] features) {
        BankWriter.write(file, WIDTH, ORIGIN, bank -> bank.add(ids, labels, features));
    }

    private static float[] features(int seed) {
        Random random = new Random(seed);
        float[] features = new float[SIZE * WIDTH];
        for (int i = 0; i < features.length; i++) {
            features[i] = (float) (3 * random.nextGaussian() + 1);
        }
        return features;
    }
}
