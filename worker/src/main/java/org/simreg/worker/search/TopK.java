package org.simreg.worker.search;

/**
 * The nearest rows for each query, nearest first: by cosine descending, then id ascending.
 *
 * @param queries how many queries, Q
 * @param k neighbours of each: as many as were asked for, or all rows if there are fewer
 * @param ids (Q, k) ids of the rows, row-major
 * @param labels (Q, k) classes of the rows
 * @param cosines (Q, k) float64, -1 to 1 up to rounding: products of the stored float32 numbers,
 *     summed in the order of the features
 */
public record TopK(int queries, int k, long[] ids, int[] labels, double[] cosines) {
    /** Id of the neighbour of {@code query} at {@code rank}, 0 the nearest. */
    public long id(int query, int rank) {
        return ids[query * k + rank];
    }

    /** Class of the neighbour of {@code query} at {@code rank}, 0 the nearest. */
    public int label(int query, int rank) {
        return labels[query * k + rank];
    }

    /** Cosine between {@code query} and its neighbour at {@code rank}, 0 the nearest. */
    public double cosine(int query, int rank) {
        return cosines[query * k + rank];
    }
}
