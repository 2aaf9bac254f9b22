package org.simreg.worker.features.search;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * A scan of a part of the rows for a tile of queries, on one thread: products in bfloat16, and what
 * reaches the bound is ranked exactly. Where that is too much, because many rows are nearly equal,
 * a pass in float32 comes between.
 */
final class TileScan implements SearchThreads.Work<TopRows[]> {
    /** The product packs queries by sixteen, however few they are. */
    private static final int COLUMNS = 16;

    /** A float32 product costs as much as one candidate in about so many pairs. */
    private static final int CROWDED = 32;

    /** Calls that skip bfloat16 after it left too much. */
    private static final int PATIENCE = 7;

    /**
     * @param query number of the tile's first query
     * @param queries of the tile
     * @param from first row
     * @param to row after the last
     */
    record Extent(int query, int queries, int from, int to) {}

    private final SearchShape survey;
    private final Extent extent;
    private final float[] queries;
    private final int k;
    private final int count;
    private final int width;

    /**
     * @param queries of all tiles, (Q, D) of unit length
     * @param k at most all rows
     */
    TileScan(SearchShape survey, Extent extent, float[] queries, int k) {
        this.survey = survey;
        this.extent = extent;
        this.queries = queries;
        this.k = k;
        count = extent.queries();
        width = (count + COLUMNS - 1) / COLUMNS * COLUMNS;
    }

    Extent extent() {
        return extent;
    }

    @Override
    public TopRows[] with(ScanModule module, BooleanSupplier stopped) {
        if (stopped.getAsBoolean()) {
            throw stopped();
        }
        try (NDManager scope = module.scope()) {
            return new Scan(module, scope).run(stopped);
        }
    }

    private static CancellationException stopped() {
        return new CancellationException("the search was stopped");
    }

    /** The products of one run, with its native memory. */
    private final class Scan {
        private final ScanModule module;
        private final NDArray single;
        private final NDArray low;
        private final ExactRanking contest;
        private final Candidates candidates = new Candidates(count, width);
        private final double[] lengths;
        private final double[] offsets = new double[count];
        private final double[] errors = new double[count];
        private float[] features;

        Scan(ScanModule module, NDManager scope) {
            this.module = module;
            int dimension = survey.rows().dimension();
            int from = extent.query() * dimension;
            float[] own = Arrays.copyOfRange(queries, from, from + count * dimension);
            contest = new ExactRanking(survey.rows(), own, k);
            float[] padded = Arrays.copyOf(own, width * dimension);
            single = module.matrix(scope, padded, dimension);
            low = module.round(scope, single);
            lengths = module.lengths(single, low);
            for (int query = 0; query < count; query++) {
                offsets[query] = contest.product(query, survey.center());
            }
        }

        TopRows[] run(BooleanSupplier stopped) {
            seed();
            int step = survey.tiling().rows() * survey.tiling().span();
            int wait = 0;
            for (long at = extent.from(); at < extent.to(); at += step) {
                if (stopped.getAsBoolean()) {
                    throw stopped();
                }
                int end = (int) Math.min(extent.to(), at + step);
                if (wait > 0 || !coarse((int) at, end)) {
                    fine((int) at, end, stopped);
                    wait = wait == 0 ? PATIENCE : wait - 1;
                }
            }
            return contest.best();
        }

        /** The k best of a sample give a first bound. */
        private void seed() {
            long[] places = module.seeds(survey.rounded().sample(), low, k);
            int[] rows = new int[k];
            for (int query = 0; query < count; query++) {
                for (int i = 0; i < k; i++) {
                    rows[i] = survey.rounded().sampled(places[query * k + i]);
                }
                contest.learn(query, rows);
            }
        }

        /** In bfloat16; false if it leaves too many, of which none is decided then. */
        private boolean coarse(int from, int to) {
            double longest = survey.rounded().longest(from, to);
            double loss = survey.rounded().loss(from, to);
            for (int query = 0; query < count; query++) {
                errors[query] =
                        survey.bound()
                                .bfloat16(lengths[query], lengths[width + query], longest, loss);
            }
            float[] least = new float[width];
            Arrays.fill(least, Float.POSITIVE_INFINITY);
            for (int query = 0; query < count; query++) {
                least[query] = RoundingBound.downToBfloat16(reach(query, offsets[query]));
            }
            int rows = survey.tiling().rows(width);
            ScanModule.Span span = new ScanModule.Span(from, to, rows, survey.tiling().group());
            ScanModule.Hits hits = module.scan(survey.rounded().bank(), low, least, span);
            candidates.take(hits, least, 0, survey.rows().size());
            if (candidates.size() > (long) (to - from) * count / CROWDED + (long) COLUMNS * k) {
                return false;
            }
            decide(offsets);
            return true;
        }

        /** In float32, without the center. */
        private void fine(int from, int to, BooleanSupplier stopped) {
            double row = survey.rounded().longest(from, to) + survey.centerLength();
            double length = 1 + 0x1p-20;
            Arrays.fill(errors, survey.bound().float32(length, row));
            int rows = survey.tiling().rows();
            for (int at = from; at < to; at += rows) {
                if (stopped.getAsBoolean()) {
                    throw stopped();
                }
                fine(at, Math.min(to, at + rows));
            }
        }

        private void fine(int from, int to) {
            float[] least = new float[width];
            Arrays.fill(least, Float.POSITIVE_INFINITY);
            for (int query = 0; query < count; query++) {
                least[query] = RoundingBound.down(reach(query, 0));
            }
            int group = survey.tiling().group();
            int padded = (to - from + group - 1) / group * group;
            int dimension = survey.rows().dimension();
            if (features == null) {
                features = new float[Math.multiplyExact(survey.tiling().rows(), dimension)];
            }
            Arrays.fill(features, (to - from) * dimension, padded * dimension, 0);
            for (int row = from; row < to; row++) {
                survey.rows().copy(row, features, (row - from) * dimension);
            }
            ScanModule.Span span = new ScanModule.Span(0, padded, padded, group);
            candidates.take(module.scan(features, single, least, span), least, from, to);
            decide(null);
        }

        /** What a score of the query must reach, its center's part taken off. */
        private double reach(int query, double offset) {
            return contest.least(query) - offset - errors[query];
        }

        private void decide(double[] offset) {
            for (int query = 0; query < count; query++) {
                for (int i = candidates.from(query); i < candidates.to(query); i++) {
                    double least = reach(query, offset == null ? 0 : offset[query]);
                    if (candidates.score(i)
                            >= (offset == null
                                    ? RoundingBound.down(least)
                                    : RoundingBound.downToBfloat16(least))) {
                        contest.offer(query, candidates.row(i));
                    }
                }
                contest.settle(query);
            }
        }
    }
}
