package org.simreg.worker.features.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.worker.engine.torch.Torch;

/** Tests of exact search in a shard, against a brute force in float64. */
class ShardTest {
    private static Torch torch;
    private static SearchThreads one;
    private static SearchThreads three;

    private final Random random = new Random(11);

    @BeforeAll
    static void startThreads() {
        torch = new Torch("cpu", 1);
        one = new SearchThreads(torch, 1);
        three = new SearchThreads(torch, 3);
    }

    @AfterAll
    static void endThreads() {
        one.close();
        three.close();
        torch.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 31, 64, 130, 513})
    void scatteredRowsComeInTheOrderOfTheBruteForce(int dimension) {
        MemoryRows rows = MemoryRows.gaussian(9000, dimension, random);
        check(rows, MemoryRows.gaussian(21, dimension, random).features(), 20);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.1, 0.01, 1e-4, 1e-6})
    void rowsOfTightClustersComeInTheOrderOfTheBruteForce(double part) {
        MemoryRows centers = MemoryRows.gaussian(5, 96, random);
        MemoryRows rows = MemoryRows.around(centers, 6000, part, random);
        check(rows, MemoryRows.around(centers, 19, part, random).features(), 20);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.1, 1e-3, 1e-5})
    void rowsThatAllPointTheSameWayComeInTheOrderOfTheBruteForce(double part) {
        MemoryRows center = MemoryRows.gaussian(1, 200, random);
        MemoryRows rows = MemoryRows.around(center, 5000, part, random);
        check(rows, MemoryRows.gaussian(9, 200, random).features(), 50);
    }

    @Test
    void duplicatesAreOrderedById() {
        MemoryRows few = MemoryRows.gaussian(5, 33, random);
        MemoryRows rows = MemoryRows.around(few, 3000, 0, random);
        check(rows, few.features(), 300);
    }

    @Test
    void rowsOfSignsTieExactlyAndAreOrderedById() {
        float[] signs = MemoryRows.gaussian(6000, 16, random).features();
        for (int i = 0; i < signs.length; i++) {
            signs[i] = Math.signum(signs[i]);
        }
        MemoryRows rows = MemoryRows.unit(16, signs);
        check(rows, Arrays.copyOf(rows.features(), 16 * 20), 100);
    }

    @Test
    void rowsInTheOrderOfTheirClustersAreFoundThoughTheSampleMissesThem() {
        MemoryRows rows = MemoryRows.gaussian(9000, 8, random);
        int at = 8999 * 8;
        float[] query = Arrays.copyOfRange(rows.features(), at, at + 8);
        System.arraycopy(query, 0, rows.features(), 4097 * 8, 8);
        check(rows, query, 1);
    }

    @Test
    void theLargestKIsAnsweredInFull() {
        MemoryRows rows = MemoryRows.gaussian(5000, 24, random);
        check(rows, MemoryRows.gaussian(5, 24, random).features(), Shard.MAX_K);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 31, 33})
    void aBankSmallerThanKIsGivenWhole(int size) {
        MemoryRows rows = MemoryRows.gaussian(size, 8, random);
        float[] queries = MemoryRows.gaussian(3, 8, random).features();
        check(rows, queries, 40);
        try (Shard shard = Shard.of(rows, one)) {
            assertEquals(size, shard.search(queries, 40, () -> false).k());
        }
    }

    @Test
    void noTilingChangesTheAnswer() {
        MemoryRows centers = MemoryRows.gaussian(40, 50, random);
        MemoryRows rows = MemoryRows.around(centers, 3001, 0.05, random);
        float[] queries = MemoryRows.around(centers, 37, 0.05, random).features();
        for (int trial = 0; trial < 12; trial++) {
            int group = 1 << random.nextInt(6);
            int tile = group * (1 + random.nextInt(30));
            SearchShape.Tiling tiling = new SearchShape.Tiling(1 + random.nextInt(40), tile, group, 1024);
            try (Shard shard = Shard.of(rows, three, tiling)) {
                check(shard, rows, queries, 10, tiling.toString());
            }
        }
    }

    @Test
    void queriesOfAnyLengthAreAskedByTheirDirection() {
        MemoryRows rows = MemoryRows.gaussian(500, 6, random);
        float[] queries = MemoryRows.gaussian(4, 6, random).features();
        float[] longer = queries.clone();
        for (int i = 0; i < longer.length; i++) {
            longer[i] *= 1024;
        }
        try (Shard shard = Shard.of(rows, three)) {
            TopK expected = shard.search(queries, 9, () -> false);
            assertArrayEquals(
                    expected.ids(), shard.search(longer, 9, () -> false).ids());
            assertEquals(rows.label((int) (expected.id(1, 2) / 3)), expected.label(1, 2));
        }
    }

    @Test
    void aQueryWithoutADirectionIsRefusedByItsNumber() {
        MemoryRows rows = MemoryRows.gaussian(50, 2, random);
        try (Shard shard = Shard.of(rows, one)) {
            for (float bad : new float[] {0, Float.NaN, Float.POSITIVE_INFINITY}) {
                Exception refused = assertThrows(
                        IllegalArgumentException.class, () -> shard.search(new float[] {1, 1, bad, 0}, 1, () -> false));
                assertTrue(refused.getMessage().contains("query 1"), refused.getMessage());
            }
            assertThrows(IllegalArgumentException.class, () -> shard.search(new float[3], 1, () -> false));
            assertThrows(IllegalArgumentException.class, () -> shard.search(new float[] {1, 1}, 1025, () -> false));
            assertThrows(IllegalArgumentException.class, () -> shard.search(new float[] {1, 1}, 0, () -> false));
        }
    }

    @Test
    void noQueriesHaveNoNeighbours() {
        try (Shard shard = Shard.of(MemoryRows.gaussian(50, 2, random), one)) {
            assertEquals(0, shard.search(new float[0], 3, () -> false).ids().length);
        }
    }

    @Test
    void aSearchThatIsToldToStopGivesNoAnswer() {
        MemoryRows rows = MemoryRows.around(MemoryRows.gaussian(1, 16, random), 9000, 1e-6, random);
        SearchShape.Tiling small = new SearchShape.Tiling(16, 32, 32, 1024);
        try (Shard shard = Shard.of(rows, three, small)) {
            for (int times : new int[] {0, 1, 5, 50}) {
                AtomicInteger asked = new AtomicInteger();
                assertThrows(
                        CancellationException.class,
                        () -> shard.search(rows.features(), 3, () -> asked.getAndIncrement() >= times));
            }
        }
    }

    @Test
    void anInterruptedCallerGetsACancellation() {
        MemoryRows rows = MemoryRows.gaussian(5000, 64, random);
        try (Shard shard = Shard.of(rows, three)) {
            Thread.currentThread().interrupt();
            assertThrows(CancellationException.class, () -> shard.search(rows.features(), 5, () -> false));
            assertTrue(Thread.interrupted());
        }
    }

    /** Compares with the brute force, on one and on three threads. */
    private static void check(MemoryRows rows, float[] queries, int k) {
        for (SearchThreads threads : new SearchThreads[] {one, three}) {
            try (Shard shard = Shard.of(rows, threads)) {
                check(shard, rows, queries, k, "");
            }
        }
    }

    private static void check(Shard shard, MemoryRows rows, float[] queries, int k, String circumstances) {
        TopK found = shard.searchUnit(queries, k, () -> false);
        for (int query = 0; query < found.queries(); query++) {
            int at = query;
            long[] ids = LongStream.range(0, found.k())
                    .map(i -> found.id(at, (int) i))
                    .toArray();
            assertArrayEquals(rows.bruteForce(queries, query, k), ids, "query " + query + circumstances);
            for (int rank = 0; rank < found.k(); rank++) {
                int row = (int) (found.id(query, rank) / 3);
                assertEquals(rows.cosine(queries, query, row), found.cosine(query, rank));
            }
        }
        checkFew(shard, queries, found, circumstances);
    }

    /** Few queries go through rows in eight bits; they have the same answers. */
    private static void checkFew(Shard shard, float[] queries, TopK all, String circumstances) {
        for (int count = 1; count <= Math.min(32, all.queries()); count = 2 * count + 1) {
            int last = all.queries() - count;
            int from = last * shard.dimension();
            TopK found = shard.searchUnit(Arrays.copyOfRange(queries, from, queries.length), all.k(), () -> false);
            for (int i = 0; i < found.ids().length; i++) {
                String place = "answer " + i + " of " + count + " queries" + circumstances;
                assertEquals(all.ids()[last * all.k() + i], found.ids()[i], place);
                assertEquals(all.cosines()[last * all.k() + i], found.cosines()[i], place);
            }
        }
    }
}
