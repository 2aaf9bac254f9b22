package org.simreg.worker.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.simreg.worker.torchscript.Torch;

class LocalReduceTest {
    private static final int LENGTH = 37;

    @Test
    void theMeanHasTheBitsOfAFloatSumInTheTreesOrder() throws Exception {
        SplittableRandom random = new SplittableRandom(5);
        try (Torch torch = new Torch("cpu", 1);
                Reduce reduce = new LocalReduce(torch.scope(), LocalReduceTest::zeros)) {
            for (int leaves = 1; leaves <= 13; leaves++) {
                float[][] vectors = new float[leaves][];
                for (int leaf = 0; leaf < leaves; leaf++) {
                    vectors[leaf] = random(random);
                }
                assertArrayEquals(
                        mean(vectors), reduced(torch, reduce, vectors), leaves + " leaves");
            }
        }
    }

    @Test
    void vectorsAreUsedAgainFromStepToStep() throws Exception {
        try (Torch torch = new Torch("cpu", 1);
                NDManager scope = torch.scope()) {
            LocalReduce reduce = new LocalReduce(scope, LocalReduceTest::zeros);
            float[][] vectors = new float[6][LENGTH];
            reduced(torch, reduce, vectors);
            int kept = scope.getManagedArrays().size();
            for (int step = 1; step < 20; step++) {
                reduced(torch, reduce, vectors);
            }
            assertEquals(kept, scope.getManagedArrays().size());
        }
    }

    private static NDArray zeros(NDManager scope) {
        return scope.zeros(new Shape(LENGTH));
    }

    private static float[] random(SplittableRandom random) {
        float[] vector = new float[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            vector[i] = (float) ((random.nextDouble() - 0.5) * Math.pow(10, random.nextInt(6)));
        }
        return vector;
    }

    private static float[] reduced(Torch torch, Reduce reduce, float[][] vectors)
            throws InterruptedException, ExecutionException {
        Reduce.Round round = reduce.begin(0, vectors.length);
        for (int leaf = 0; leaf < vectors.length; leaf++) {
            try (NDManager scope = torch.scope();
                    NDArray values = scope.create(vectors[leaf])) {
                values.copyTo(round.vector());
            }
            round.offer(leaf);
        }
        return round.mean().get().toFloatArray();
    }

    private static float[] mean(float[][] vectors) {
        float[] mean = sum(vectors, 0, vectors.length);
        for (int i = 0; i < LENGTH; i++) {
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
        for (int i = 0; i < LENGTH; i++) {
            left[i] += right[i];
        }
        return left;
    }
}
