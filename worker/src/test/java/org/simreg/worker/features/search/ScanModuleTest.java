package org.simreg.worker.features.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.worker.engine.torch.Torch;

/** Tests of products in eight bits, on processors that have instructions for them. */
class ScanModuleTest {
    private static final int GROUP = 32;

    /** 17,408 rows are two packed parts; 100 numbers a row are filled up. */
    @ParameterizedTest
    @CsvSource({"1, 2", "2, 2", "8, 2", "2, 1", "16, 1", "32, 1"})
    void scoresOfAPackedTileAreThoseOfItsLevelsAndTheQueriesWithinTheBound(int count, int places) {
        int rows = 17_408;
        int dimension = 100;
        try (Torch torch = new Torch("cpu", 1);
                ScanModule module = new ScanModule(torch);
                NDManager scope = torch.scope()) {
            assumeTrue(torch.multipliesBytes());
            assertTrue(module.packs(), "oneDNN's products of eight bits aren't exact");
            Random random = new Random(9);
            float[] values = gaussian(random, rows * dimension);
            float[] queries = gaussian(random, count * dimension);
            NDArray center = scope.zeros(new Shape(dimension), DataType.FLOAT64);
            ScanModule.Bytes levels = module.bytes(scope, rows, dimension);
            double rowLoss = module.fill(levels, 0, values, rows, center);
            assertTrue(rowLoss > 0);
            byte[] level = levels.levels().toByteArray();
            int width = level.length / rows;
            ScanModule.Packed packed = module.pack(levels, scope);
            float[] scales = packed.scales().toFloatArray();
            ScanModule.Digits digits =
                    module.digits(scope, module.matrix(scope, queries, dimension), dimension, places);
            assertEquals((long) places * count, digits.digits().getShape().get(0));
            float[] least = new float[count];
            Arrays.fill(least, Float.NEGATIVE_INFINITY);
            ScanModule.Hits hits = module.scan(packed, digits, least, GROUP);
            assertEquals((long) rows * count, hits.scores().length);
            RoundingBound bound = new RoundingBound(dimension, false);
            for (int i = 0; i < hits.scores().length; i++) {
                long place = hits.places()[i / GROUP];
                int query = (int) (place % count);
                int row = (int) (place / count) * GROUP + i % GROUP;
                double exact = 0;
                double squares = 0;
                for (int d = 0; d < dimension; d++) {
                    double value = level[row * width + d] * (double) scales[row];
                    assertEquals(values[row * dimension + d], value, rowLoss);
                    exact += value * queries[query * dimension + d];
                    squares += value * value;
                }
                double[] lengths = digits.lengths();
                double most = bound.digits(lengths[query], lengths[count + query], Math.sqrt(squares), 0);
                int at = i;
                double error = Math.abs(exact - hits.scores()[i]);
                assertTrue(error <= most, () -> "row " + row + ", query " + query + ": " + hits.scores()[at]);
            }
            Arrays.fill(least, Float.POSITIVE_INFINITY);
            assertEquals(0, module.scan(packed, digits, least, GROUP).scores().length);
        }
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
