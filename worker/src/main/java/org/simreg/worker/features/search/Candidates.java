package org.simreg.worker.features.search;

import java.util.Arrays;

/**
 * The candidates of a scan: rows that reached the bound of their query, sorted by query; reused.
 */
final class Candidates {
    private final int width;
    private final int[] starts;
    private final int[] ends;
    private int[] rows = new int[0];
    private float[] scores = new float[0];
    private int size;

    /**
     * @param queries Q
     * @param width queries of the product, Q and what fills them up
     */
    Candidates(int queries, int width) {
        this.width = width;
        starts = new int[queries + 1];
        ends = new int[queries];
    }

    /**
     * Forgets what it held and takes what reaches its query's bound.
     *
     * @param first row that the hits count from
     * @param end rows from here on are filling
     */
    void take(ScanModule.Hits hits, float[] least, int first, int end) {
        Arrays.fill(starts, 0);
        size = 0;
        each(hits, least, first, end, (query, row, score) -> starts[query + 1]++);
        for (int query = 0; query < ends.length; query++) {
            starts[query + 1] += starts[query];
            ends[query] = starts[query];
        }
        size = starts[ends.length];
        if (rows.length < size) {
            rows = new int[size + size / 4];
            scores = new float[rows.length];
        }
        each(hits, least, first, end, this::put);
    }

    /** A receiver of the rows that reach a bound. */
    private interface Sink {
        void take(int query, int row, float score);
    }

    private void put(int query, int row, float score) {
        rows[ends[query]] = row;
        scores[ends[query]++] = score;
    }

    private void each(ScanModule.Hits hits, float[] least, int first, int end, Sink sink) {
        long[] places = hits.places();
        float[] found = hits.scores();
        int group = places.length == 0 ? 1 : found.length / places.length;
        for (int i = 0; i < places.length; i++) {
            int query = (int) (places[i] % width);
            long row = first + places[i] / width * group;
            float bound = least[query];
            for (int j = 0; j < group; j++) {
                float score = found[i * group + j];
                if (score >= bound && row + j < end) {
                    sink.take(query, (int) row + j, score);
                }
            }
        }
    }

    /** Number of candidates of all queries. */
    int size() {
        return size;
    }

    /** Position of the query's first candidate. */
    int from(int query) {
        return starts[query];
    }

    /** Position after the query's last candidate. */
    int to(int query) {
        return ends[query];
    }

    int row(int i) {
        return rows[i];
    }

    float score(int i) {
        return scores[i];
    }
}
