package org.simreg.worker.features.search;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;

/**
 * A scan of some tiles of rows for a group of queries, on one thread: products in bfloat16, of few queries
 * with rows in eight bits, by {@link ScanModule}, and what reaches the bound is ranked by {@link ExactRanking}. Where that is too
 * much, because many rows are nearly equal, a pass in float32 comes between.
 */
final class TileScan implements SearchThreads.Work<TopRows[]> {
    /** Larger groups of queries are filled up to a multiple of this, smaller ones to a power of two: libtorch compiles a product once a size. */
    private static final int WIDTH = 16;

    /** Most queries that are multiplied with rows in eight bits; more take longer so than in bfloat16. */
    private static final int FEW = 8;

    /** The same where oneDNN has fast products of eight bits. */
    private static final int FEW_PACKED = 32;

    /** Most queries of two digits of eight bits; more have one, for then products take longer than reading the rows. */
    private static final int TWO_DIGITS = 8;

    /** Rows of a product in float32. */
    private static final int FINE_ROWS = 1024;

    /** A float32 product costs as much as one candidate in about so many pairs. */
    private static final int CROWDED = 32;

    /** Tiles that skip a pass after it left too much. */
    private static final int SKIPPED = 7;

    /**
     * The queries and tiles of a scan.
     *
     * @param query number of the group's first query
     * @param queries of the group
     * @param from first tile
     * @param to tile after the last
     */
    record Extent(int query, int queries, int from, int to) {}

    private final SearchShape shape;
    private final Extent extent;
    private final float[] queries;
    private final int k;
    private final int count;
    private final int width;

    /**
     * @param queries of all groups, (Q, D) of unit length
     * @param k at most all rows
     */
    TileScan(SearchShape shape, Extent extent, float[] queries, int k) {
        this.shape = shape;
        this.extent = extent;
        this.queries = queries;
        this.k = k;
        count = extent.queries();
        width = count <= WIDTH
                ? Integer.highestOneBit(Math.max(1, 2 * count - 1))
                : (count + WIDTH - 1) / WIDTH * WIDTH;
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
        private final Optional<ScanModule.Digits> digits;
        private final ExactRanking ranking;
        private final Candidates candidates = new Candidates(count, width);
        private final double[] lengths;
        private final double[] offsets = new double[count];
        private final double[] errors = new double[count];
        private float[] features = new float[0];

        Scan(ScanModule module, NDManager scope) {
            this.module = module;
            int dimension = shape.rows().dimension();
            int from = extent.query() * dimension;
            float[] own = Arrays.copyOfRange(queries, from, from + count * dimension);
            ranking = new ExactRanking(shape.rows(), own, k);
            float[] padded = Arrays.copyOf(own, width * dimension);
            single = module.matrix(scope, padded, dimension);
            low = module.round(scope, single);
            lengths = module.lengths(single, low);
            digits = shape.rounded().packs() && width <= FEW_PACKED
                    ? Optional.of(module.digits(scope, single, dimension, width <= TWO_DIGITS ? 2 : 1))
                    : Optional.empty();
            for (int query = 0; query < count; query++) {
                offsets[query] = ranking.product(query, shape.center());
            }
        }

        TopRows[] run(BooleanSupplier stopped) {
            seed();
            int skip = 0;
            int skipBytes =
                    digits.isPresent() || width <= FEW && shape.rounded().hasBytes() ? 0 : Integer.MAX_VALUE;
            for (int tile = extent.from(); tile < extent.to(); tile++) {
                if (stopped.getAsBoolean()) {
                    throw stopped();
                }
                if (skipBytes == 0 && bytes(tile)) {
                    continue;
                }
                skipBytes = skipBytes == 0 ? SKIPPED : skipBytes - 1;
                if (skip > 0 || !coarse(tile)) {
                    fine(tile, stopped);
                    skip = skip == 0 ? SKIPPED : skip - 1;
                }
            }
            return ranking.best();
        }

        /** The k best of a sample give a first bound. */
        private void seed() {
            long[] places = module.seeds(shape.rounded().sample(), low, k);
            int[] rows = new int[k];
            for (int query = 0; query < count; query++) {
                for (int i = 0; i < k; i++) {
                    rows[i] = shape.rounded().sampled(places[query * k + i]);
                }
                ranking.learn(query, rows);
            }
        }

        /** Scans a tile in eight bits; false if it leaves too many, of which none is decided then. */
        private boolean bytes(int tile) {
            int group = shape.tiling().group();
            double loss = shape.rounded().byteLoss(tile);
            if (digits.isPresent()) {
                double[] length = digits.get().lengths();
                float[] least = least(
                        query -> shape.bound()
                                .digits(
                                        length[query],
                                        length[width + query],
                                        shape.rounded().longest(tile),
                                        loss),
                        RoundingBound::down);
                ScanModule.Hits hits = module.scan(shape.rounded().packed(tile), digits.get(), least, group);
                return decided(tile, hits, least, RoundingBound::down);
            }
            float[] least = least(tile, loss);
            return decided(
                    tile,
                    module.scan(shape.rounded().bytes(tile), low, least, group),
                    least,
                    RoundingBound::downToBfloat16);
        }

        /** Scans a tile in bfloat16; false if it leaves too many, of which none is decided then. */
        private boolean coarse(int tile) {
            float[] least = least(tile, shape.rounded().loss(tile));
            int group = shape.tiling().group();
            return decided(
                    tile,
                    module.scan(shape.rounded().tile(tile), low, least, group),
                    least,
                    RoundingBound::downToBfloat16);
        }

        /** What the bfloat16 scores of a tile must reach, whose rows lost at most so much by rounding. */
        private float[] least(int tile, double loss) {
            double longest = shape.rounded().longest(tile);
            return least(
                    query -> shape.bound().bfloat16(lengths[query], lengths[width + query], longest, loss),
                    RoundingBound::downToBfloat16);
        }

        /** What scores must reach that are off by at most an error, rounded down to a number of their type. */
        private float[] least(IntToDoubleFunction error, DoubleUnaryOperator down) {
            float[] least = new float[width];
            Arrays.fill(least, Float.POSITIVE_INFINITY);
            for (int query = 0; query < count; query++) {
                errors[query] = error.applyAsDouble(query);
                least[query] = (float) down.applyAsDouble(reach(query, offsets[query]));
            }
            return least;
        }

        private boolean decided(int tile, ScanModule.Hits hits, float[] least, DoubleUnaryOperator down) {
            int rows = end(tile) - first(tile);
            candidates.take(hits, least, first(tile), end(tile));
            if (candidates.size() > (long) rows * count / CROWDED + (long) WIDTH * k) {
                return false;
            }
            decide(offsets, down);
            return true;
        }

        private int first(int tile) {
            return tile * shape.tiling().rows();
        }

        private int end(int tile) {
            return (int) Math.min(
                    shape.rows().size(), first(tile) + (long) shape.tiling().rows());
        }

        /** Scans a tile's rows in float32, without the center. */
        private void fine(int tile, BooleanSupplier stopped) {
            double row = shape.rounded().longest(tile) + shape.centerLength();
            double length = 1 + 0x1p-20;
            Arrays.fill(errors, shape.bound().float32(length, row));
            for (int at = first(tile); at < end(tile); at += FINE_ROWS) {
                if (stopped.getAsBoolean()) {
                    throw stopped();
                }
                fine(at, Math.min(end(tile), at + FINE_ROWS));
            }
        }

        private void fine(int from, int to) {
            float[] least = new float[width];
            Arrays.fill(least, Float.POSITIVE_INFINITY);
            for (int query = 0; query < count; query++) {
                least[query] = RoundingBound.down(reach(query, 0));
            }
            int padded = (int) shape.tiling().whole(to - from);
            int dimension = shape.rows().dimension();
            int length = Math.multiplyExact(padded, dimension);
            if (features.length < length) {
                features = new float[length];
            }
            Arrays.fill(features, (to - from) * dimension, length, 0);
            for (int row = from; row < to; row++) {
                shape.rows().copy(row, features, (row - from) * dimension);
            }
            ScanModule.Hits hits =
                    module.scan(features, padded, single, least, shape.tiling().group());
            candidates.take(hits, least, from, to);
            decide(new double[count], RoundingBound::down);
        }

        /** The least score that a row must reach for the query, the center's part taken off. */
        private double reach(int query, double offset) {
            return ranking.least(query) - offset - errors[query];
        }

        private void decide(double[] offset, DoubleUnaryOperator down) {
            for (int query = 0; query < count; query++) {
                for (int i = candidates.from(query); i < candidates.to(query); i++) {
                    if (candidates.score(i) >= down.applyAsDouble(reach(query, offset[query]))) {
                        ranking.offer(query, candidates.row(i));
                    }
                }
                ranking.settle(query);
            }
        }
    }

    /**
     * The candidates of a scan: rows that reached the bound of their query, sorted by query;
     * reused.
     */
    private static final class Candidates {
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
            int members = places.length == 0 ? 1 : found.length / places.length;
            for (int i = 0; i < places.length; i++) {
                int query = (int) (places[i] % width);
                long row = first + places[i] / width * members;
                float bound = least[query];
                for (int j = 0; j < members; j++, row++) {
                    float score = found[i * members + j];
                    if (score >= bound && row < end) {
                        sink.take(query, (int) row, score);
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
}
