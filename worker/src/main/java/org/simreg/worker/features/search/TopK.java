package org.simreg.worker.features.search;

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
    /** All zeros, to be filled. */
    public TopK(int queries, int k) {
        this(queries, k, new long[Math.multiplyExact(queries, k)], new int[queries * k], new double[queries * k]);
    }

    /**
     * Fills in the neighbours of some queries.
     *
     * @param part as many a query as here
     * @param query that its first one is here
     */
    public void put(TopK part, int query) {
        System.arraycopy(part.ids, 0, ids, query * k, part.ids.length);
        System.arraycopy(part.labels, 0, labels, query * k, part.labels.length);
        System.arraycopy(part.cosines, 0, cosines, query * k, part.cosines.length);
    }

    /**
     * Fills in the neighbours of some queries.
     *
     * @param part as many a query as here
     * @param places what its queries are here
     */
    void put(TopK part, int[] places) {
        for (int i = 0; i < places.length; i++) {
            System.arraycopy(part.ids, i * k, ids, places[i] * k, k);
            System.arraycopy(part.labels, i * k, labels, places[i] * k, k);
            System.arraycopy(part.cosines, i * k, cosines, places[i] * k, k);
        }
    }

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
