package org.simreg.worker.features.knn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.simreg.worker.engine.torch.LateCopies;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.search.TopK;

/** Tests of exact neighbours in memory, against a brute force in float64. */
class NearestNeighborsTest {
    private final Random random = new Random(7);

    @Test
    void scatteredRowsComeInTheOrderOfTheBruteForce() {
        for (int dimension : new int[] {1, 3, 64, 130}) {
            check(gaussian(1000, dimension), gaussian(70, dimension), 20);
        }
    }

    @Test
    void duplicatesAreOrderedById() {
        float[][] few = gaussian(5, 33);
        float[][] bank = new float[700][];
        Arrays.setAll(bank, i -> few[random.nextInt(few.length)]);
        check(bank, few, 300);
    }

    @Test
    void rowsOfSignsTieExactlyAndAreOrderedById() {
        check(signs(900, 16), signs(50, 16), 100);
    }

    @Test
    void rowsCloserThanFloat32RoundingAreStillInOrder() {
        float[] base = gaussian(1, 700)[0];
        float[][] bank = new float[2000][];
        for (int i = 0; i < bank.length; i++) {
            bank[i] = base.clone();
            bank[i][random.nextInt(700)] += 1e-5f * random.nextFloat();
        }
        float[][] queries = gaussian(9, 700);
        for (float[] query : queries) {
            for (int d = 0; d < query.length; d++) {
                query[d] = base[d] + 0.01f * query[d];
            }
        }
        check(bank, queries, 50);
    }

    @Test
    void theLargestKIsAnsweredInFull() {
        check(gaussian(1500, 24), gaussian(10, 24), NearestNeighbors.MAX_K);
    }

    @Test
    void aBankSmallerThanKIsGivenWhole() {
        TopK neighbors = check(gaussian(7, 8), gaussian(3, 8), 20);
        assertEquals(7, neighbors.k());
    }

    @Test
    void rowsWithoutADirectionHaveCosineZeroWithEverything() {
        float[][] rows = gaussian(100, 12);
        Arrays.fill(rows[3], 0);
        rows[50][7] = Float.NaN;
        rows[51][0] = Float.NEGATIVE_INFINITY;
        FeatureBank bank = bank(rows);
        assertEquals(3, bank.directionless());
        check(rows, rows, 99);
        TopK neighbors = search(bank, bank, 4, 1);
        for (int query : new int[] {3, 50, 51}) {
            int[] lowest =
                    IntStream.range(0, 100).map(bank::id).sorted().limit(4).toArray();
            assertArrayEquals(lowest, ids(neighbors, query));
        }
    }

    @Test
    void rowsOfExtremeLengthKeepTheirDirection() {
        FeatureBank bank = new FeatureBank(2, 2);
        bank.add(new float[] {3e38f, 3e38f, 1e-44f, -1e-44f}, new int[] {1, 2}, new int[] {0, 0});
        assertEquals(0, bank.directionless());
        assertArrayEquals(new float[] {(float) Math.sqrt(0.5), (float) Math.sqrt(0.5)}, bank.row(0));
        assertArrayEquals(new float[] {(float) Math.sqrt(0.5), (float) -Math.sqrt(0.5)}, bank.row(1));
    }

    @Test
    void anEmptyBankHasNoNeighbors() {
        FeatureBank queries = bank(gaussian(3, 4));
        TopK neighbors = search(new FeatureBank(9, 4), queries, 5, 2);
        assertEquals(0, neighbors.k());
        assertEquals(3, neighbors.queries());
    }

    @Test
    void anInterruptedCallerGetsACancellation() {
        FeatureBank bank = bank(gaussian(10, 4));
        Thread.currentThread().interrupt();
        assertThrows(CancellationException.class, () -> search(bank, bank, 1, 1));
        assertTrue(Thread.interrupted());
    }

    @Test
    void aRefusedAdditionLeavesTheBankAsItWas() {
        FeatureBank bank = new FeatureBank(2, 3);
        bank.add(new float[] {1, 2, 3}, new int[] {1}, new int[] {0});
        int[] two = {2, 3};
        assertThrows(IllegalArgumentException.class, () -> bank.add(new float[6], two, new int[] {0, -1}));
        assertThrows(IllegalArgumentException.class, () -> bank.add(new float[5], two, two));
        assertThrows(IllegalArgumentException.class, () -> bank.add(new float[9], new int[3], new int[3]));
        assertEquals(1, bank.size());
    }

    /** On the CPU, which is copied to as late as a GPU may be. */
    @Test
    void aDeviceWithMemoryOfItsOwnGivesTheSameAnswers() {
        FeatureBank bank = bank(gaussian(3000, 65));
        FeatureBank queries = bank(gaussian(300, 65));
        try (Torch device = LateCopies.device();
                NearestNeighbors there = new NearestNeighbors(device, 2);
                NearestNeighbors here = new NearestNeighbors(1)) {
            assertEqual(here.search(bank, queries, 20), there.search(bank, queries, 20));
            assertTrue(device.transfers().counts().out() > 0, "the device was asked");
            assertEqual(here.others(bank, 20), there.others(bank, 20));
        }
    }

    private static void assertEqual(TopK expected, TopK found) {
        assertArrayEquals(expected.ids(), found.ids());
        assertArrayEquals(expected.labels(), found.labels());
        assertArrayEquals(expected.cosines(), found.cosines());
    }

    /** Compares with the brute force, for several numbers of threads. */
    private TopK check(float[][] bankRows, float[][] queryRows, int k) {
        FeatureBank bank = bank(bankRows);
        FeatureBank queries = bank(queryRows);
        TopK one = search(bank, queries, k, 1);
        for (int query = 0; query < queries.size(); query++) {
            assertArrayEquals(bruteForce(bank, queries.row(query), k), ids(one, query), "query " + query);
        }
        TopK three = search(bank, queries, k, 3);
        assertArrayEquals(one.ids(), three.ids());
        assertArrayEquals(one.cosines(), three.cosines());
        assertArrayEquals(one.labels(), three.labels());
        return one;
    }

    private static int[] ids(TopK found, int query) {
        return IntStream.range(0, found.k())
                .map(rank -> (int) found.id(query, rank))
                .toArray();
    }

    private static int[] bruteForce(FeatureBank bank, float[] query, int k) {
        double[] cosines = new double[bank.size()];
        for (int row = 0; row < cosines.length; row++) {
            float[] other = bank.row(row);
            for (int d = 0; d < query.length; d++) {
                cosines[row] += (double) query[d] * other[d];
            }
        }
        return IntStream.range(0, cosines.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer row) -> -cosines[row] + 0.0)
                        .thenComparing(bank::id))
                .limit(k)
                .mapToInt(bank::id)
                .toArray();
    }

    private FeatureBank bank(float[][] rows) {
        int dimension = rows[0].length;
        int[] ids = random.ints(0, 1 << 20).distinct().limit(rows.length).toArray();
        int[] labels = random.ints(rows.length, 0, 10).toArray();
        FeatureBank bank = new FeatureBank(rows.length, dimension);
        int half = rows.length / 2;
        bank.add(flat(rows, 0, half), Arrays.copyOf(ids, half), Arrays.copyOf(labels, half));
        bank.add(
                flat(rows, half, rows.length),
                Arrays.copyOfRange(ids, half, rows.length),
                Arrays.copyOfRange(labels, half, rows.length));
        return bank;
    }

    private static float[] flat(float[][] rows, int from, int to) {
        float[] flat = new float[(to - from) * rows[0].length];
        for (int i = from; i < to; i++) {
            System.arraycopy(rows[i], 0, flat, (i - from) * rows[0].length, rows[0].length);
        }
        return flat;
    }

    private float[][] gaussian(int rows, int dimension) {
        float[][] features = new float[rows][dimension];
        for (float[] row : features) {
            for (int d = 0; d < dimension; d++) {
                row[d] = (float) random.nextGaussian();
            }
        }
        return features;
    }

    private float[][] signs(int rows, int dimension) {
        float[][] features = gaussian(rows, dimension);
        for (float[] row : features) {
            for (int d = 0; d < dimension; d++) {
                row[d] = Math.signum(row[d]);
            }
        }
        return features;
    }

    private static TopK search(FeatureBank bank, FeatureBank queries, int k, int threads) {
        try (NearestNeighbors search = new NearestNeighbors(threads)) {
            return search.search(bank, queries, k);
        }
    }

    @Test
    void aRowIsNoNeighbourOfItselfAlsoWhereIdsHaveGaps() {
        FeatureBank bank = new FeatureBank(4, 2);
        bank.add(new float[] {1, 0, 1, 0.1f, 0, 1, 0.1f, 1}, new int[] {3, 5, 8, 9}, new int[] {0, 0, 1, 1});
        try (NearestNeighbors search = new NearestNeighbors(1)) {
            TopK others = search.others(bank, 1);
            assertArrayEquals(new long[] {5, 3, 9, 8}, others.ids());
            assertEquals(1, new KnnVote(others, 3).accuracy(bank.labels(), KnnVote.VotingRule.majority(1)));
            assertEquals(3, search.others(bank, 7).k());
        }
    }
}
