package org.simreg.worker.exchange.reduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.simreg.worker.engine.torch.Torch;

class LocalReduceTest {
    private static final int LENGTH = 37;

    @Test
    void theMeanHasTheBitsOfAFloatSumInTheTreesOrder() throws Exception {
        try (Torch torch = new Torch("cpu", 1);
                Reduce reduce = new LocalReduce(torch.scope(), LocalReduceTest::zeros)) {
            for (int leaves = 1; leaves <= 13; leaves++) {
                float[][] vectors = Leaves.random(leaves, leaves, LENGTH);
                assertArrayEquals(Leaves.mean(vectors), reduced(torch, reduce, vectors), leaves + " leaves");
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
}
