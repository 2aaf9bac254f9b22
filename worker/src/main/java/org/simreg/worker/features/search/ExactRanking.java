package org.simreg.worker.features.search;

import java.util.Arrays;
import org.simreg.worker.features.bankfile.RowSource;

/**
 * The exact ranking of the candidates of a tile of queries, by cosines in float64: products of the
 * stored numbers, summed in the order of the features.
 */
final class ExactRanking {
    private static final int ABREAST = 4;

    private final RowSource rows;
    private final int dimension;
    private final double[] queries;
    private final float[][] features;
    private final int[] waiting = new int[ABREAST];
    private final double[] cosines = new double[ABREAST];
    private final TopRows[] best;
    private final double[] least;
    private int held;

    /**
     * @param queries (Q, D) of unit length
     */
    ExactRanking(RowSource rows, float[] queries, int k) {
        this.rows = rows;
        dimension = rows.dimension();
        this.queries = new double[queries.length];
        for (int i = 0; i < queries.length; i++) {
            this.queries[i] = queries[i];
        }
        features = new float[ABREAST][dimension];
        best = new TopRows[queries.length / dimension];
        Arrays.setAll(best, i -> new TopRows(k));
        least = new double[best.length];
        Arrays.fill(least, Double.NEGATIVE_INFINITY);
    }

    /** The cosine that a row must reach for the query: a lower bound of the k-th best. */
    double least(int query) {
        return Math.max(least[query], best[query].worst());
    }

    /**
     * Raises the query's bound to the least cosine of these k rows; they are counted again later.
     */
    void learn(int query, int[] some) {
        double lowest = Double.POSITIVE_INFINITY;
        for (int from = 0; from < some.length; from += ABREAST) {
            held = Math.min(ABREAST, some.length - from);
            System.arraycopy(some, from, waiting, 0, held);
            multiply(query);
            for (int i = 0; i < held; i++) {
                lowest = Math.min(lowest, cosines[i]);
            }
        }
        held = 0;
        least[query] = lowest;
    }

    /** A candidate of the query; decided at once or with the next ones. */
    void offer(int query, int row) {
        waiting[held++] = row;
        if (held == ABREAST) {
            settle(query);
        }
    }

    /** Decides the candidates of the query that still wait. */
    void settle(int query) {
        if (held > 0) {
            multiply(query);
            for (int i = 0; i < held; i++) {
                best[query].offer(waiting[i], cosines[i]);
            }
            held = 0;
        }
    }

    TopRows[] best() {
        return best;
    }

    /** Product of a query and a vector. */
    double product(int query, double[] vector) {
        double sum = 0;
        for (int d = 0; d < dimension; d++) {
            sum += queries[query * dimension + d] * vector[d];
        }
        return sum;
    }

    /** Product of a query and a vector. */
    double product(int query, float[] vector) {
        double sum = 0;
        for (int d = 0; d < dimension; d++) {
            sum += queries[query * dimension + d] * vector[d];
        }
        return sum;
    }

    private void multiply(int query) {
        for (int i = 0; i < held; i++) {
            rows.copy(waiting[i], features[i], 0);
        }
        multiply(query * dimension, features[0], features[1], features[2], features[3]);
    }

    /** Four sums side by side: one alone waits for its last addition. */
    private void multiply(int query, float[] a, float[] b, float[] c, float[] d) {
        double sumA = 0;
        double sumB = 0;
        double sumC = 0;
        double sumD = 0;
        for (int i = 0; i < dimension; i++) {
            double value = queries[query + i];
            sumA += value * a[i];
            sumB += value * b[i];
            sumC += value * c[i];
            sumD += value * d[i];
        }
        cosines[0] = sumA;
        cosines[1] = sumB;
        cosines[2] = sumC;
        cosines[3] = sumD;
    }
}
