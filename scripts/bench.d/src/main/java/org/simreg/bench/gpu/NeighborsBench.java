package org.simreg.bench.gpu;

import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.features.knn.NearestNeighbors;

/**
 * A benchmark of the k-NN search of an evaluation: 20 neighbours of random queries among random rows, from features in
 * the host's memory to ids there, the rows' way to the device included.
 */
public final class NeighborsBench {
    private static final int K = 20;
    private static final int TOGETHER = 1024;

    private NeighborsBench() {}

    /**
     * @param arguments device, rows, features, queries, threads, rounds
     */
    public static void main(String[] arguments) {
        int[] sizes =
                Arrays.stream(arguments).skip(1).mapToInt(Integer::parseInt).toArray();
        int dimension = sizes[1];
        FeatureBank rows = random(1, sizes[0], dimension);
        FeatureBank queries = random(2, sizes[2], dimension);
        int rounds = sizes[4];
        double[] seconds = new double[rounds];
        try (Torch torch = new Torch(arguments[0], sizes[3]);
                NearestNeighbors search = new NearestNeighbors(torch, sizes[3])) {
            Transfers.Counts before = torch.transfers().counts();
            for (int round = 0; round < rounds; round++) {
                long begun = System.nanoTime();
                search.search(rows, queries, K);
                seconds[round] = (System.nanoTime() - begun) / 1e9;
            }
            Transfers.Counts moved = torch.transfers().counts().since(before);
            System.out.printf(
                    Locale.ROOT,
                    "{\"bench\": \"neighbors\", \"mode\": \"ours\", \"device\": \"%s\", \"rows\": %d, \"features\": %d,"
                            + " \"queries\": %d, \"first_s\": %.3f, \"least_s\": %.3f, \"copies_in\": %d,"
                            + " \"copies_out\": %d, \"waits\": %d}%n",
                    arguments[0],
                    sizes[0],
                    dimension,
                    sizes[2],
                    seconds[0],
                    Arrays.stream(seconds).min().orElseThrow(),
                    moved.in() / rounds,
                    moved.out() / rounds,
                    moved.waits() / rounds);
        }
    }

    private static FeatureBank random(long seed, int size, int dimension) {
        SplittableRandom random = new SplittableRandom(seed);
        FeatureBank bank = new FeatureBank(size, dimension);
        for (int from = 0; from < size; from += TOGETHER) {
            int count = Math.min(TOGETHER, size - from);
            float[] values = new float[count * dimension];
            for (int i = 0; i < values.length; i++) {
                values[i] = (random.nextInt() >> 8) * 0x1p-23f;
            }
            int[] ids = new int[count];
            int first = from;
            Arrays.setAll(ids, i -> first + i);
            bank.add(values, ids, new int[count]);
        }
        return bank;
    }
}
