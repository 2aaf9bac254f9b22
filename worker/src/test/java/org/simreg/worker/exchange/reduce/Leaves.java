package org.simreg.worker.exchange.reduce;

import java.util.SplittableRandom;

/** Vectors whose sum depends on the order of the additions, and their mean in the tree's order. */
public final class Leaves {
    private Leaves() {}

    public static float[][] random(long seed, int leaves, int length) {
        SplittableRandom random = new SplittableRandom(seed);
        float[][] vectors = new float[leaves][length];
        for (float[] vector : vectors) {
            for (int i = 0; i < length; i++) {
                vector[i] = (float) ((random.nextDouble() - 0.5) * Math.pow(10, random.nextInt(6)));
            }
        }
        return vectors;
    }

    public static float[] mean(float[][] vectors) {
        float[] mean = sum(vectors, 0, vectors.length);
        for (int i = 0; i < mean.length; i++) {
            mean[i] /= vectors.length;
        }
        return mean;
    }

    private static float[] sum(float[][] vectors, int from, int n) {
        if (n == 1) {
            return vectors[from].clone();
        }
        int half = Integer.highestOneBit(n - 1);
        float[] left = sum(vectors, from, half);
        float[] right = sum(vectors, from + half, n - half);
        for (int i = 0; i < left.length; i++) {
            left[i] += right[i];
        }
        return left;
    }
}
