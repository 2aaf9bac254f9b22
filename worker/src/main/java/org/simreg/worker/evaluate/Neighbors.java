package org.simreg.worker.evaluate;

/**
 * The nearest rows of a bank for each query, nearest first: by cosine descending, then id
 * ascending.
 *
 * @param queries how many queries, Q
 * @param k neighbours of each: as many as were asked for, or the whole bank if it is smaller
 * @param whole true if the neighbours are the whole bank
 * @param ids (Q, k) image ids, row-major
 * @param labels (Q, k) classes of those images
 * @param cosines (Q, k) cosines, float64, -1 to 1 up to rounding
 */
public record Neighbors(
        int queries, int k, boolean whole, int[] ids, int[] labels, double[] cosines) {
    /** Id of the neighbour of {@code query} at {@code rank}, 0 the nearest. */
    public int id(int query, int rank) {
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
