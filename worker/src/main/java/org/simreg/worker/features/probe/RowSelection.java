package org.simreg.worker.features.probe;

import java.util.stream.IntStream;
import org.simreg.worker.features.knn.FeatureBank;

/**
 * A selection of a bank's rows, in an order.
 *
 * @param bank that holds them
 * @param rows their numbers; not copied
 */
record RowSelection(FeatureBank bank, int[] rows) {
    static RowSelection all(FeatureBank bank) {
        return new RowSelection(bank, IntStream.range(0, bank.size()).toArray());
    }

    int size() {
        return rows.length;
    }

    int label(int i) {
        return bank.label(rows[i]);
    }

    void copy(int i, float[] into, int at) {
        bank.copy(rows[i], into, at);
    }

    /** Rows [from, to) as (to - from, D). */
    float[] values(int from, int to) {
        float[] values = new float[(to - from) * bank.dimension()];
        for (int i = from; i < to; i++) {
            copy(i, values, (i - from) * bank.dimension());
        }
        return values;
    }

    /** Classes of the rows [from, to). */
    long[] labels(int from, int to) {
        return IntStream.range(from, to).mapToLong(this::label).toArray();
    }

    /**
     * The standardisation of features: {@code (x - mean) * scale} for every dimension.
     *
     * @param mean (D) of the rows
     * @param scale (D) {@code 1 / sqrt(variance + 1e-5)}, the variance unbiased
     */
    record Standardization(float[] mean, float[] scale) {
        private static final double EPSILON = 1e-5;

        /** The standardisation by some rows, summed in float64. */
        static Standardization of(RowSelection rows) {
            int width = rows.bank().dimension();
            double[] mean = new double[width];
            float[] row = new float[width];
            for (int i = 0; i < rows.size(); i++) {
                rows.copy(i, row, 0);
                for (int d = 0; d < width; d++) {
                    mean[d] += row[d] / rows.size();
                }
            }
            double[] squares = new double[width];
            for (int i = 0; i < rows.size(); i++) {
                rows.copy(i, row, 0);
                for (int d = 0; d < width; d++) {
                    squares[d] += (row[d] - mean[d]) * (row[d] - mean[d]);
                }
            }
            return of(mean, squares, rows.size());
        }

        private static Standardization of(double[] mean, double[] squares, int rows) {
            float[] centre = new float[mean.length];
            float[] scale = new float[mean.length];
            for (int d = 0; d < mean.length; d++) {
                double variance = squares[d] / Math.max(1, rows - 1);
                centre[d] = (float) mean[d];
                scale[d] = (float) (1 / Math.sqrt(variance + EPSILON));
            }
            return new Standardization(centre, scale);
        }
    }
}
