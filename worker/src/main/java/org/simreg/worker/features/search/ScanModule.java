package org.simreg.worker.features.search;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;

/**
 * A TorchScript module that computes scores of queries against a tile of a bank's rows in int8, bfloat16 or float32, and
 * returns only those that reach a bound. Belongs to the thread that runs it; a tile may be read by any number of
 * modules.
 */
final class ScanModule implements AutoCloseable {
    /** Rows of a product with so many queries: its scores stay in a core's second-level cache. */
    private static final int PIECE_ROWS = 1024;

    private static final int PIECE_QUERIES = 256;

    /** Few queries have few scores a row, and get more rows a product. */
    private static final int WIDEST = 16;

    /** What libtorch's product of eight bits needs rows and numbers of a row to be a multiple of. */
    static final int LANES = 32;

    /** Rows of a packed part: its scores stay in a core's second-level cache. */
    private static final int PACKED_ROWS = 16_384;

    private final Torch torch;
    private final TorchModule module;
    private final boolean packs;
    private ByteBuffer rows = ByteBuffer.allocateDirect(0);

    /** Loads the code onto the device of {@code torch}. */
    ScanModule(Torch torch) {
        this.torch = torch;
        module = TorchModule.load(torch, CodeArchive.of(ScanCode.CLASS, List.of(), ScanCode.source()));
        packs = torch.multipliesBytes() && sumsWhole();
    }

    /**
     * Whether oneDNN sums products of eight bits without cutting them off at sixteen, as it does with the instructions of
     * older processors.
     */
    private boolean sumsWhole() {
        int count = 2 * LANES;
        try (NDManager scope = torch.scope()) {
            float[] most = new float[count * count];
            Arrays.fill(most, 1);
            Bytes ones = bytes(scope, count, count);
            fill(ones, 0, most, count, scope.zeros(new Shape(count), DataType.FLOAT64));
            Digits queries = digits(scope, matrix(scope, most, count), count, 2);
            float[] least = new float[count];
            Arrays.fill(least, Float.NEGATIVE_INFINITY);
            Hits hits = scan(pack(ones, scope), queries, least, LANES);
            for (float score : hits.scores) {
                if (Math.abs(score - count) > count * 0x1p-6) {
                    return false;
                }
            }
            return hits.scores.length == count * count;
        }
    }

    /** Whether tiles of eight bits are multiplied in oneDNN's own layout. */
    boolean packs() {
        return packs;
    }

    /** A tile of zeros in {@code scope}: (rows, D) bfloat16, to be filled. */
    NDArray tile(NDManager scope, long rows, long dimension) {
        long[] shape = {rows, dimension};
        return module.call(scope, "tile", scope.create(shape)).get(0);
    }

    /**
     * Puts rows less the center into a tile.
     *
     * @param rows (n, D) float32, row-major, and perhaps more behind them
     * @param count n
     * @param center (D) float64
     * @return the greatest length of a row less the center, and the greatest length of what
     *     rounding such a row to bfloat16 took away; NaN if a row has one
     */
    double[] fill(NDArray tile, long at, float[] rows, int count, NDArray center) {
        try (NDManager scope = torch.scope()) {
            NDArray block = view(scope, rows, count, center.getShape().get(0));
            return module.call(scope, "fill", tile, block, center, scope.create(at))
                    .get(0)
                    .toDoubleArray();
        }
    }

    /** A filled tile in {@code kept}. */
    NDArray keep(NDManager kept, NDArray tile) {
        return module.call(kept, "keep", tile).get(0);
    }

    /**
     * A tile's rows with eight bits a number, which few queries are multiplied with at half the bytes.
     *
     * @param levels (T, D) int8, -127 to 127, D filled up with zeros to a multiple of {@value ScanModule#LANES}
     * @param scales (T) bfloat16: what a row's levels are multiplied with
     */
    record Bytes(NDArray levels, NDArray scales) {
        /** Bytes of a row, with its scale, and a sum that oneDNN keeps. */
        static long each(int dimension) {
            return whole(dimension) + Float.BYTES + Integer.BYTES;
        }

        private static long whole(long dimension) {
            return (dimension + LANES - 1) / LANES * LANES;
        }
    }

    /**
     * A tile of eight bits in oneDNN's own layout.
     *
     * @param parts of {@value ScanModule#PACKED_ROWS} rows each, the last perhaps of fewer
     * @param scales (T) float32
     * @param zeros (at most {@value ScanModule#PACKED_ROWS}) int64
     */
    record Packed(NDArray[] parts, NDArray scales, NDArray zeros) {}

    /** A filled tile, packed, in {@code kept}. */
    Packed pack(Bytes tile, NDManager kept) {
        long rows = tile.levels.getShape().get(0);
        NDArray[] parts = new NDArray[(int) ((rows + PACKED_ROWS - 1) / PACKED_ROWS)];
        try (NDManager scope = torch.scope()) {
            for (int i = 0; i < parts.length; i++) {
                long first = (long) i * PACKED_ROWS;
                NDArray count = scope.create(Math.min(PACKED_ROWS, rows - first));
                parts[i] = module.call(kept, "pack", tile.levels, scope.create(first), count)
                        .get(0);
            }
        }
        NDArray zeros = kept.zeros(new Shape(Math.min(PACKED_ROWS, rows)), DataType.INT64);
        return new Packed(parts, module.call(kept, "scales", tile.scales).get(0), zeros);
    }

    /**
     * Queries as one digit of eight bits or two.
     *
     * @param digits (Q or 2 Q, D) uint8, the high digits and then the low ones, D filled up as that of {@link Bytes}
     * @param scales (Q) float32
     * @param lengths (2, Q): lengths of the queries that the digits say, then of what they lack
     */
    record Digits(NDArray digits, NDArray scales, double[] lengths) {}

    /**
     * Digits in {@code scope}.
     *
     * @param queries (Q, D) float32
     * @param places digits a number, 1 or 2: two lose next to nothing, one takes half the products
     */
    Digits digits(NDManager scope, NDArray queries, int dimension, int places) {
        try (NDManager call = torch.scope()) {
            NDArray filling = call.create(Bytes.whole(dimension) - dimension);
            NDList made = module.call(scope, "digits", queries, filling, call.create((long) places));
            return new Digits(made.get(0), made.get(1), made.get(2).toDoubleArray());
        }
    }

    /** A tile in {@code kept}. */
    Bytes keep(NDManager kept, Bytes tile) {
        return new Bytes(keep(kept, tile.levels), keep(kept, tile.scales));
    }

    /** Eight bits of zeros in {@code scope}, to be filled. */
    Bytes bytes(NDManager scope, long rows, long dimension) {
        long[] shape = {rows, Bytes.whole(dimension)};
        NDList zeros = module.call(scope, "bytes", scope.create(shape));
        return new Bytes(zeros.get(0), zeros.get(1));
    }

    /**
     * Puts rows less the center into eight bits.
     *
     * @param rows (n, D) float32, row-major, and perhaps more behind them
     * @return the greatest length of what rounding took from a row; NaN if a row has one
     */
    double fill(Bytes tile, long at, float[] rows, int count, NDArray center) {
        try (NDManager scope = torch.scope()) {
            NDArray block = view(scope, rows, count, center.getShape().get(0));
            return module.call(scope, "fill_bytes", tile.levels, tile.scales, block, center, scope.create(at))
                    .get(0)
                    .toDoubleArray()[0];
        }
    }

    /** A new scope for native memory; the caller closes it. */
    NDManager scope() {
        return torch.scope();
    }

    /** A float32 matrix (n, D) on the device. */
    NDArray matrix(NDManager scope, float[] values, int dimension) {
        return scope.create(values, new Shape(values.length / dimension, dimension));
    }

    /** Queries (Q, D) float32 rounded to bfloat16. */
    NDArray round(NDManager scope, NDArray queries) {
        return module.call(scope, "round", queries).get(0);
    }

    /**
     * The lengths of rounded queries, and of what rounding took.
     *
     * @return (2, Q): lengths of the rounded queries, then lengths of what rounding took away
     */
    double[] lengths(NDArray queries, NDArray rounded) {
        try (NDManager scope = torch.scope()) {
            return module.call(scope, "lengths", queries, rounded).get(0).toDoubleArray();
        }
    }

    /**
     * The k rows of a kept tile with the greatest scores for each query.
     *
     * @return (Q, k) rows of the tile
     */
    long[] seeds(NDArray sample, NDArray queries, int k) {
        try (NDManager scope = torch.scope()) {
            NDArray wanted = scope.create((long) k);
            return module.call(scope, "seeds", sample, queries, wanted).get(0).toLongArray();
        }
    }

    /**
     * Groups of rows of which one at least reaches the bound of a query.
     *
     * @param places (n) number of the group in the tile, times Q, plus number of the query
     * @param scores (n, group) rounded scores of the group's rows
     */
    record Hits(long[] places, float[] scores) {}

    /**
     * Scans a tile for rows that reach a query's bound.
     *
     * @param tile of T rows, T a multiple of the group
     * @param queries (Q, D) of the tile's type
     * @param least (Q) what a score must reach, as numbers of that type
     * @param group rows that share one decision
     */
    Hits scan(NDArray tile, NDArray queries, float[] least, int group) {
        try (NDManager scope = torch.scope()) {
            NDArray sizes = sizes(scope, queries, group);
            return hits(module.call(scope, "scan", tile, queries, scope.create(least), sizes));
        }
    }

    /**
     * Scans a tile of eight bits, as a tile of bfloat16 is scanned.
     *
     * @param queries (Q, D) bfloat16
     * @param group a multiple of {@value #LANES}
     */
    Hits scan(Bytes tile, NDArray queries, float[] least, int group) {
        try (NDManager scope = torch.scope()) {
            NDArray sizes = sizes(scope, queries, group);
            return hits(
                    module.call(scope, "scan_bytes", tile.levels, tile.scales, queries, scope.create(least), sizes));
        }
    }

    /**
     * Scans a packed tile, as a tile of bfloat16 is scanned; scores are float32.
     *
     * @param least (Q) float32
     * @param group a multiple of {@value #LANES}
     */
    Hits scan(Packed tile, Digits queries, float[] least, int group) {
        try (NDManager scope = torch.scope()) {
            NDArray sizes = scope.create(new long[] {PACKED_ROWS, group});
            return hits(module.call(
                    scope,
                    "scan_packed",
                    tile.parts,
                    tile.scales,
                    tile.zeros,
                    queries.digits,
                    queries.scales,
                    scope.create(least),
                    sizes));
        }
    }

    private static NDArray sizes(NDManager scope, NDArray queries, int group) {
        long wider =
                Math.min(WIDEST, Math.max(1, PIECE_QUERIES / queries.getShape().get(0)));
        return scope.create(new long[] {Math.max(group, PIECE_ROWS * wider / group * group), group});
    }

    private static Hits hits(NDList found) {
        return new Hits(found.get(0).toLongArray(), found.get(1).toFloatArray());
    }

    /**
     * Scans float32 rows of the host, as a tile is scanned.
     *
     * @param values (rows, D), and perhaps more behind them
     * @param queries (Q, D) float32
     */
    Hits scan(float[] values, int rows, NDArray queries, float[] least, int group) {
        try (NDManager scope = torch.scope()) {
            NDArray tile = view(scope, values, rows, queries.getShape().get(1));
            return scan(tile, queries, least, group);
        }
    }

    /** Rows for one call: native memory for blocks of rows is taken once, not left to the GC. */
    private NDArray view(NDManager scope, float[] values, int count, long dimension) {
        int length = Math.toIntExact(count * dimension);
        if (rows.capacity() < length * Float.BYTES) {
            rows = ByteBuffer.allocateDirect(Math.multiplyExact(length, Float.BYTES));
        }
        ByteBuffer used = rows.slice(0, length * Float.BYTES).order(ByteOrder.nativeOrder());
        used.asFloatBuffer().put(values, 0, length);
        return JniUtils.createNdFromByteBuffer(
                (PtNDManager) scope,
                used,
                new Shape(count, dimension),
                DataType.FLOAT32,
                SparseFormat.DENSE,
                scope.getDevice());
    }

    @Override
    public void close() {
        module.close();
    }
}
