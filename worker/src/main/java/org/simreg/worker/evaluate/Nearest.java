package org.simreg.worker.evaluate;

/**
 * The best rows seen so far for one query, in (cosine descending, id ascending) order: a binary
 * heap with the worst on top.
 */
final class Nearest {
    private final int[] rows;
    private final int[] ids;
    private final double[] cosines;
    private int size;

    Nearest(int k) {
        rows = new int[k];
        ids = new int[k];
        cosines = new double[k];
    }

    /** The cosine that a row must reach to matter; minus infinity until k rows are known. */
    double worst() {
        return size < rows.length ? Double.NEGATIVE_INFINITY : cosines[0];
    }

    void offer(int row, int id, double cosine) {
        if (size < rows.length) {
            rise(size++, row, id, cosine);
        } else if (better(id, cosine, ids[0], cosines[0])) {
            sink(size, row, id, cosine);
        }
    }

    /** Moves the rows to {@code into}, best first, and is empty afterwards. */
    void drain(int[] into, double[] cosinesInto, int at) {
        while (size > 0) {
            into[at + size - 1] = rows[0];
            cosinesInto[at + size - 1] = cosines[0];
            size--;
            sink(size, rows[size], ids[size], cosines[size]);
        }
    }

    private void rise(int at, int row, int id, double cosine) {
        int child = at;
        while (child > 0 && better(ids[(child - 1) / 2], cosines[(child - 1) / 2], id, cosine)) {
            int parent = (child - 1) / 2;
            put(child, rows[parent], ids[parent], cosines[parent]);
            child = parent;
        }
        put(child, row, id, cosine);
    }

    private void sink(int length, int row, int id, double cosine) {
        int hole = 0;
        for (int child = 1; child < length; child = 2 * hole + 1) {
            if (child + 1 < length
                    && better(ids[child], cosines[child], ids[child + 1], cosines[child + 1])) {
                child++;
            }
            if (better(ids[child], cosines[child], id, cosine)) {
                break;
            }
            put(hole, rows[child], ids[child], cosines[child]);
            hole = child;
        }
        put(hole, row, id, cosine);
    }

    private static boolean better(int id, double cosine, int otherId, double other) {
        return cosine > other || (cosine == other && id < otherId);
    }

    private void put(int at, int row, int id, double cosine) {
        rows[at] = row;
        ids[at] = id;
        cosines[at] = cosine;
    }
}
