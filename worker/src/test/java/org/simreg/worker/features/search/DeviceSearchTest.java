package org.simreg.worker.features.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.worker.engine.torch.LateCopies;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.Transfers;

/**
 * Tests of the search on a device with memory of its own, against a brute force in float64: on the CPU, which is copied to
 * as late as a GPU may be.
 */
class DeviceSearchTest {
    private static final int LARGE = 1 << 30;

    private static LateCopies engine;
    private static Torch device;
    private static Torch host;
    private static SearchThreads threads;
    private static volatile boolean free = true;

    private final Random random = new Random(11);

    @BeforeAll
    static void startThreads() {
        host = new Torch("cpu", 1);
        engine = new LateCopies();
        device = engine.torch();
        threads = new SearchThreads(host, 2, Optional.of(device), () -> free);
    }

    @AfterAll
    static void endThreads() {
        threads.close();
        device.close();
        host.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 64, 513})
    void scatteredRowsComeInTheOrderOfTheBruteForce(int dimension) {
        MemoryRows rows = MemoryRows.gaussian(9000, dimension, random);
        check(rows, MemoryRows.gaussian(21, dimension, random).features(), 20);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.01, 1e-4, 1e-6})
    void rowsOfTightClustersComeInTheOrderOfTheBruteForce(double part) {
        MemoryRows centers = MemoryRows.gaussian(5, 96, random);
        MemoryRows rows = MemoryRows.around(centers, 6000, part, random);
        check(rows, MemoryRows.around(centers, 19, part, random).features(), 20);
    }

    @Test
    void rowsThatAllPointTheSameWayComeInTheOrderOfTheBruteForce() {
        MemoryRows center = MemoryRows.gaussian(1, 200, random);
        MemoryRows rows = MemoryRows.around(center, 5000, 1e-3, random);
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

    @ParameterizedTest
    @ValueSource(ints = {1, 31, 33, 1500})
    void aBankSmallerThanKIsGivenWhole(int size) {
        MemoryRows rows = MemoryRows.gaussian(size, 8, random);
        check(rows, MemoryRows.gaussian(1, 8, random).features(), Shard.MAX_K);
    }

    @Test
    void rowsAndQueriesWithoutADirectionHaveCosineZero() {
        float[] features = MemoryRows.gaussian(3000, 12, random).features();
        Arrays.fill(features, 24, 36, 0);
        check(new MemoryRows(12, features), Arrays.copyOf(features, 60), 40);
    }

    @Test
    void noPlanChangesTheAnswer() {
        MemoryRows centers = MemoryRows.gaussian(40, 50, random);
        MemoryRows rows = MemoryRows.around(centers, 7001, 0.3, random);
        float[] queries = MemoryRows.around(centers, 70, 0.3, random).features();
        TopK expected;
        try (SearchThreads cpu = new SearchThreads(host, 1);
                Shard shard = Shard.of(rows, cpu)) {
            expected = shard.searchUnit(queries, 10, () -> false);
        }
        for (long memory = 6L << 20; memory < LARGE; memory *= 2) {
            for (int again = 0; again < 2; again++) {
                assertEqual(expected, answered(rows, queries, 10, memory), "with " + memory + " bytes");
            }
        }
    }

    @Test
    void scatteredRowsAreDecidedByTheDeviceAlone() {
        MemoryRows rows = MemoryRows.gaussian(9000, 128, random);
        float[] queries = MemoryRows.gaussian(300, 128, random).features();
        try (DeviceSearch search = search(rows, () -> LARGE)) {
            assertEquals(0, search.search(queries, new TopK(300, 20), () -> false).length);
        }
    }

    @Test
    void rowsComeOncePerSearchAndCandidatesGoOncePerBlock() {
        MemoryRows rows = MemoryRows.gaussian(9000, 128, random);
        float[] queries = MemoryRows.gaussian(300, 128, random).features();
        try (DeviceSearch search = search(rows, () -> LARGE)) {
            Transfers.Counts before = device.transfers().counts();
            search.search(queries, new TopK(300, 20), () -> false);
            Transfers.Counts first = device.transfers().counts().since(before);
            assertEquals(3, first.in(), "center, rows and queries");
            assertEquals(1, first.out());
            before = device.transfers().counts();
            search.search(queries, new TopK(300, 20), () -> false);
            Transfers.Counts second = device.transfers().counts().since(before);
            assertEquals(1, second.in(), "queries");
            assertEquals(1, second.out());
            assertTrue(second.waits() <= 1, second::toString);
        }
    }

    @Test
    void memoryThatIsTooSmallIsAskedForInSmallerPieces() {
        MemoryRows rows = MemoryRows.gaussian(2000, 16, random);
        float[] queries = MemoryRows.gaussian(5, 16, random).features();
        AtomicInteger asked = new AtomicInteger();
        LongSupplier failing = () -> {
            if (asked.incrementAndGet() < 3) {
                throw new IllegalStateException(
                        "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity"
                                + " of 139.81 GiB of which 1.00 GiB is free");
            }
            return LARGE;
        };
        TopK found = new TopK(5, 3);
        try (DeviceSearch search = search(rows, failing)) {
            assertEquals(0, search.search(queries, found, () -> false).length);
        }
        assertEquals(3, asked.get());
        try (DeviceSearch search = search(rows, () -> 1000)) {
            assertArrayEquals(new int[] {0, 1, 2, 3, 4}, search.search(queries, found, () -> false));
        }
    }

    @Test
    void aDeviceThatIsNeededOtherwiseDecidesNothingAndHoldsNothing() {
        MemoryRows rows = MemoryRows.gaussian(2000, 16, random);
        float[] queries = MemoryRows.gaussian(5, 16, random).features();
        AtomicInteger asked = new AtomicInteger();
        LongSupplier memory = () -> LARGE + 0 * asked.incrementAndGet();
        try (DeviceSearch search = search(rows, memory)) {
            TopK found = new TopK(5, 3);
            assertEquals(0, search.search(queries, found, () -> false).length);
            free = false;
            search.rest();
            assertEquals(5, search.search(queries, found, () -> false).length);
            free = true;
            assertEquals(0, search.search(queries, found, () -> false).length);
            assertEquals(2, asked.get(), "what was given back is asked for again");
        } finally {
            free = true;
        }
    }

    @Test
    void aSearchThatIsToldToStopGivesNoAnswerAndTheNextOneIsRight() {
        MemoryRows rows = MemoryRows.gaussian(2000, 16, random);
        float[] queries = MemoryRows.gaussian(5, 16, random).features();
        try (DeviceSearch search = search(rows, () -> LARGE)) {
            assertThrows(CancellationException.class, () -> search.search(queries, new TopK(5, 3), () -> true));
            TopK found = new TopK(5, 3);
            assertEquals(0, search.search(queries, found, () -> false).length);
            assertArrayEquals(rows.bruteForce(queries, 2, 3), Arrays.copyOfRange(found.ids(), 6, 9));
        }
    }

    private static DeviceSearch search(MemoryRows rows, LongSupplier free) {
        return new DeviceSearch(rows, threads, device, free);
    }

    /** What the device decides with so many bytes; what it leaves must be little. */
    private static TopK answered(MemoryRows rows, float[] queries, int k, long memory) {
        try (DeviceSearch search = search(rows, () -> memory)) {
            TopK found = new TopK(queries.length / rows.dimension(), k);
            assertEquals(0, search.search(queries, found, () -> false).length);
            return found;
        }
    }

    private static void assertEqual(TopK expected, TopK found, String circumstances) {
        assertArrayEquals(expected.ids(), found.ids(), circumstances);
        assertArrayEquals(expected.labels(), found.labels(), circumstances);
        assertArrayEquals(expected.cosines(), found.cosines(), circumstances);
    }

    private static void check(MemoryRows rows, float[] queries, int k) {
        int marks = engine.marks();
        try (Shard shard = Shard.of(rows, threads)) {
            TopK found = shard.searchUnit(queries, k, () -> false);
            for (int query = 0; query < found.queries(); query++) {
                long[] ids = Arrays.copyOfRange(found.ids(), query * found.k(), (query + 1) * found.k());
                assertArrayEquals(rows.bruteForce(queries, query, k), ids, "query " + query);
                for (int rank = 0; rank < found.k(); rank++) {
                    int row = (int) (found.id(query, rank) / 3);
                    assertEquals(rows.cosine(queries, query, row), found.cosine(query, rank));
                    assertEquals(rows.label(row), found.label(query, rank));
                }
            }
        }
        assertTrue(engine.marks() - marks <= 4, "marks are freed but those of the places");
    }
}
