package org.simreg.worker.features.search;

import org.simreg.worker.features.bankfile.RowSource;

/**
 * The best rows seen so far for one query, in (cosine descending, row ascending) order: a binary
 * heap with the worst on top.
 */
final class TopRows {
    private final int[] rows;
    private final double[] cosines;
    private int size;

    TopRows(int k) {
        rows = new int[k];
        cosines = new double[k];
    }

    /** The cosine that a row must reach to matter; minus infinity until k rows are known. */
    double worst() {
        return size < rows.length ? Double.NEGATIVE_INFINITY : cosines[0];
    }

    void offer(int row, double cosine) {
        if (size < rows.length) {
            rise(size++, row, cosine);
        } else if (better(row, cosine, rows[0], cosines[0])) {
            sink(size, row, cosine);
        }
    }

    /** Offers all rows held to another. */
    void pour(TopRows into) {
        for (int i = 0; i < size; i++) {
            into.offer(rows[i], cosines[i]);
        }
    }

    /**
     * Moves the rows out, best first, and is empty afterwards.
     *
     * @param source of the rows' ids and labels
     * @param query whose neighbours they are
     */
    void drain(RowSource source, int query, TopK into) {
        for (int at = query * into.k() + size - 1; size > 0; at--) {
            into.ids()[at] = source.id(rows[0]);
            into.labels()[at] = source.label(rows[0]);
            into.cosines()[at] = cosines[0];
            size--;
            sink(size, rows[size], cosines[size]);
        }
    }

    private void rise(int at, int row, double cosine) {
        int child = at;
        while (child > 0 && better(rows[(child - 1) / 2], cosines[(child - 1) / 2], row, cosine)) {
            int parent = (child - 1) / 2;
            put(child, rows[parent], cosines[parent]);
            child = parent;
        }
        put(child, row, cosine);
    }

    private void sink(int length, int row, double cosine) {
        int hole = 0;
        for (int child = 1; child < length; child = 2 * hole + 1) {
            if (child + 1 < length && better(rows[child], cosines[child], rows[child + 1], cosines[child + 1])) {
                child++;
            }
            if (better(rows[child], cosines[child], row, cosine)) {
                break;
            }
            put(hole, rows[child], cosines[child]);
            hole = child;
        }
        put(hole, row, cosine);
    }

    private static boolean better(int row, double cosine, int otherRow, double other) {
        return cosine > other || (cosine == other && row < otherRow);
    }

    private void put(int at, int row, double cosine) {
        rows[at] = row;
        cosines[at] = cosine;
    }
}
