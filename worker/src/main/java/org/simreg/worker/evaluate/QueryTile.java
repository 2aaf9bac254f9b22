package org.simreg.worker.evaluate;

import java.util.Arrays;

/**
 * Up to {@value #WIDTH} queries that travel through the bank together, on one thread.
 *
 * <p>The queries lie transposed, one array a feature: the innermost loop then runs over queries
 * with one bank number fixed, which the JIT compiler turns into vector instructions (measured: 21
 * billion multiply-adds a second a core, against 5 when the same numbers lie in one array).
 */
final class QueryTile {
    static final int WIDTH = 256;

    /** Features a pass: the tile's part of them (32 KiB) stays in the first-level cache. */
    private static final int FEATURES = 32;

    private final FeatureBank bank;
    private final FeatureBank queries;
    private final double bound;
    private final float[][] transposed;
    private final float[][] products;
    private final Nearest[] nearest;
    private final float[] least;
    private int first;
    private int count;

    QueryTile(FeatureBank bank, FeatureBank queries, int k, int width) {
        this.bank = bank;
        this.queries = queries;
        bound = bound(bank.dimension());
        transposed = new float[bank.stride()][width];
        products = new float[FeatureBank.BLOCK][width];
        nearest = new Nearest[width];
        Arrays.setAll(nearest, i -> new Nearest(k));
        least = new float[width];
    }

    /** Fills rows and cosines, (Q, k), for the queries from {@code first} on. */
    void search(int first, int[] rows, double[] cosines) {
        load(first);
        for (int row = 0; row < bank.size(); row += FeatureBank.BLOCK) {
            multiply(bank.block(row));
            collect(row, Math.min(FeatureBank.BLOCK, bank.size() - row));
        }
        int k = rows.length / queries.size();
        for (int query = 0; query < count; query++) {
            nearest[query].drain(rows, cosines, (first + query) * k);
        }
    }

    /**
     * Greatest distance between a float32 and a float64 dot product of two stored rows. A float32
     * sum of n products is off by at most {@code n u / (1 - n u)} times the product of the lengths,
     * u = 2^-24, in any order (Higham, Accuracy and Stability of Numerical Algorithms, section
     * 3.1); stored lengths exceed 1 by less than 2^-23; eight more units pay for that, for the
     * float64 sum and for underflow.
     */
    static double bound(int dimension) {
        double units = (dimension + 8) * 0x1p-24;
        if (units >= 0.5) {
            return Double.POSITIVE_INFINITY;
        }
        return units / (1 - units);
    }

    private void load(int first) {
        this.first = first;
        count = Math.min(least.length, queries.size() - first);
        Arrays.fill(least, Float.NEGATIVE_INFINITY);
        for (int query = 0; query < count; query++) {
            float[] block = queries.block(first + query);
            int at = queries.offset(first + query);
            for (int d = 0; d < queries.dimension(); d++) {
                transposed[d][query] = block[at + d];
            }
        }
    }

    private void multiply(float[] block) {
        int stride = bank.stride();
        for (float[] row : products) {
            Arrays.fill(row, 0);
        }
        for (int from = 0; from < stride; from += FEATURES) {
            int to = Math.min(stride, from + FEATURES);
            for (int row = 0; row < FeatureBank.BLOCK; row++) {
                for (int d = from; d < to; d += 4) {
                    addProducts(block, row * stride + d, d, products[row]);
                }
            }
        }
    }

    private void addProducts(float[] block, int at, int d, float[] sums) {
        float b0 = block[at];
        float b1 = block[at + 1];
        float b2 = block[at + 2];
        float b3 = block[at + 3];
        float[] q0 = transposed[d];
        float[] q1 = transposed[d + 1];
        float[] q2 = transposed[d + 2];
        float[] q3 = transposed[d + 3];
        for (int query = 0; query < sums.length; query++) {
            sums[query] += b0 * q0[query] + b1 * q1[query] + (b2 * q2[query] + b3 * q3[query]);
        }
    }

    private void collect(int firstRow, int rows) {
        for (int row = 0; row < rows; row++) {
            float[] sums = products[row];
            for (int query = 0; query < count; query++) {
                if (sums[query] >= least[query]) {
                    offer(query, firstRow + row);
                }
            }
        }
    }

    private void offer(int query, int row) {
        Nearest best = nearest[query];
        best.offer(row, bank.id(row), cosine(first + query, row));
        least[query] = Math.nextDown((float) (best.worst() - bound));
    }

    /** The dot product in float64, in the order of the features. */
    private double cosine(int query, int row) {
        float[] a = queries.block(query);
        float[] b = bank.block(row);
        int atA = queries.offset(query);
        int atB = bank.offset(row);
        double sum = 0;
        for (int d = 0; d < bank.dimension(); d++) {
            sum += (double) a[atA + d] * b[atB + d];
        }
        return sum;
    }
}
