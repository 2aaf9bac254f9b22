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
import java.util.List;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.ScriptSource;
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

    private final Torch torch;
    private final TorchModule module;
    private ByteBuffer rows = ByteBuffer.allocateDirect(0);

    /** Loads the code onto the device of {@code torch}. */
    ScanModule(Torch torch) {
        this.torch = torch;
        module = TorchModule.load(torch, CodeArchive.of(ScanCode.CLASS, List.of(), ScanCode.source()));
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
        /** The same in another scope. */
        Bytes keep(ScanModule module, NDManager kept) {
            return new Bytes(module.keep(kept, levels), module.keep(kept, scales));
        }

        /** Bytes of a row. */
        static long each(int dimension) {
            return whole(dimension) + Short.BYTES;
        }

        private static long whole(long dimension) {
            return (dimension + LANES - 1) / LANES * LANES;
        }
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

    /** TorchScript source of the products between a tile of rows and queries. */
    private static final class ScanCode {
        static final String CLASS = "Scan";

        private static final int FLOAT64 = 7;
        private static final int INT64 = 4;
        private static final int INT8 = 1;
        private static final int MOST = 127;

        private ScanCode() {}

        static String source() {
            ScriptSource code = new ScriptSource();
            tiles(code);
            queries(code);
            seeds(code);
            scan(code);
            bytes(code);
            scanBytes(code);
            return code.toString();
        }

        private static void tiles(ScriptSource code) {
            code.method("tile(self, shape: Tensor) -> Tensor")
                    .line("rows = int(torch.item(torch.select(shape, 0, 0)))")
                    .line("dimension = int(torch.item(torch.select(shape, 0, 1)))")
                    .line("return torch.new_zeros(shape, [rows, dimension], dtype=%d)", ScriptSource.BFLOAT16);
            code.method("fill(self, tile: Tensor, rows: Tensor, center: Tensor, at: Tensor) -> Tensor")
                    .line("exact = torch.sub(torch.to(rows, %d), center)", FLOAT64)
                    .line("first = int(torch.item(at))")
                    .line("into = torch.slice(tile, 0, first, first + torch.size(rows, 0))")
                    .line("_0 = torch.copy_(into, exact)")
                    .line("lost = torch.sub(exact, torch.to(into, %d))", FLOAT64)
                    .line("radius = torch.amax(torch.sum(torch.mul(exact, exact), [1]), [0])")
                    .line("loss = torch.amax(torch.sum(torch.mul(lost, lost), [1]), [0])")
                    .line("return torch.sqrt(torch.stack([radius, loss]))");
            code.method("keep(self, tile: Tensor) -> Tensor").line("return tile");
        }

        private static void queries(ScriptSource code) {
            code.method("round(self, queries: Tensor) -> Tensor")
                    .line("return torch.to(queries, %d)", ScriptSource.BFLOAT16);
            code.method("lengths(self, queries: Tensor, rounded: Tensor) -> Tensor")
                    .line("near = torch.to(rounded, %d)", FLOAT64)
                    .line("lost = torch.sub(torch.to(queries, %d), near)", FLOAT64)
                    .line("length = torch.sum(torch.mul(near, near), [1])")
                    .line("loss = torch.sum(torch.mul(lost, lost), [1])")
                    .line("return torch.sqrt(torch.stack([length, loss]))");
        }

        private static void seeds(ScriptSource code) {
            code.method("seeds(self, tile: Tensor, queries: Tensor, k: Tensor) -> Tensor")
                    .line("scores = torch.mm(queries, torch.t(tile))")
                    .line("_0, rows = torch.topk(scores, int(torch.item(k)), 1)")
                    .line("return rows");
        }

        /**
         * A piece's scores are (rows, queries): the queries are the small operand that oneDNN packs,
         * and the maximum over a group of rows runs along contiguous queries. Only groups whose
         * maximum reaches the query's bound leave.
         */
        private static void scan(ScriptSource code) {
            code.method("scan(self, tile: Tensor, queries: Tensor, least: Tensor, sizes: Tensor) -> List[Tensor]")
                    .line("piece = int(torch.item(torch.select(sizes, 0, 0)))")
                    .line("group = int(torch.item(torch.select(sizes, 0, 1)))")
                    .line("width = torch.size(queries, 0)")
                    .line("columns = torch.t(queries)")
                    .line("bound = torch.type_as(least, queries)")
                    .line("places = [torch.new_zeros(queries, [0], dtype=%d)]", INT64)
                    .line("scores = [torch.new_zeros(queries, [0, group])]")
                    .line("end = torch.size(tile, 0)")
                    .line("for at in range(0, end, piece):")
                    .line("  past = ops.prim.min(at + piece, end)")
                    .line("  product = torch.mm(torch.slice(tile, 0, at, past), columns)")
                    .line("  groups = torch.view(product, [-1, group, width])")
                    .line("  hits = torch.nonzero(torch.ge(torch.amax(groups, [1]), bound))")
                    .line("  if torch.gt(torch.size(hits, 0), 0):")
                    .line("    row = torch.select(hits, 1, 0)")
                    .line("    query = torch.select(hits, 1, 1)")
                    .line("    which = annotate(List[Optional[Tensor]], [row, query])")
                    .line("    found = torch.index(torch.transpose(groups, 1, 2), which)")
                    .line("    place = torch.add(torch.mul(torch.add(row, at // group), width), query)")
                    .line("    _1 = torch.append(places, place)")
                    .line("    _2 = torch.append(scores, found)")
                    .line("return [torch.cat(places), torch.to(torch.cat(scores), %d)]", ScriptSource.FLOAT32);
        }

        /** A scale is rounded up, so that no level is cut off by much; what is lost is measured all the same. */
        private static void bytes(ScriptSource code) {
            code.method("bytes(self, shape: Tensor) -> List[Tensor]")
                    .line("rows = int(torch.item(torch.select(shape, 0, 0)))")
                    .line("dimension = int(torch.item(torch.select(shape, 0, 1)))")
                    .line("levels = torch.new_zeros(shape, [rows, dimension], dtype=%d)", INT8)
                    .line("return [levels, torch.new_zeros(shape, [rows], dtype=%d)]", ScriptSource.BFLOAT16);
            code.method("fill_bytes(self, levels: Tensor, scales: Tensor, rows: Tensor, center: Tensor, at: Tensor)"
                            + " -> Tensor")
                    .line("exact = torch.sub(torch.to(rows, %d), center)", FLOAT64)
                    .line("first = int(torch.item(at))")
                    .line("past = first + torch.size(rows, 0)")
                    .line("most = torch.mul(torch.amax(torch.abs(exact), [1]), %s)", (1 + 0x1p-7) / MOST)
                    .line("_0 = torch.copy_(torch.slice(scales, 0, first, past), torch.clamp_min(most, 1e-30))")
                    .line("scale = torch.unsqueeze(torch.to(torch.slice(scales, 0, first, past), %d), 1)", FLOAT64)
                    .line("near = torch.clamp(torch.round(torch.div(exact, scale)), -%d, %d)", MOST, MOST)
                    .line("into = torch.slice(torch.slice(levels, 0, first, past), 1, 0, torch.size(rows, 1))")
                    .line("_1 = torch.copy_(into, near)")
                    .line("lost = torch.sub(exact, torch.mul(torch.to(into, %d), scale))", FLOAT64)
                    .line("loss = torch.amax(torch.sum(torch.mul(lost, lost), [1]), [0])")
                    .line("return torch.view(torch.sqrt(loss), [1])");
        }

        /** As {@link #scan}, but a piece's scores are (queries, rows). */
        private static void scanBytes(ScriptSource code) {
            code.method("scan_bytes(self, levels: Tensor, scales: Tensor, queries: Tensor, least: Tensor, "
                            + "sizes: Tensor) -> List[Tensor]")
                    .line("piece = int(torch.item(torch.select(sizes, 0, 0)))")
                    .line("group = int(torch.item(torch.select(sizes, 0, 1)))")
                    .line("width = torch.size(queries, 0)")
                    .line("filling = torch.size(levels, 1) - torch.size(queries, 1)")
                    .line("padded = torch.constant_pad_nd(queries, [0, filling])")
                    .line("bound = torch.unsqueeze(torch.type_as(least, queries), 1)")
                    .line("places = [torch.new_zeros(queries, [0], dtype=%d)]", INT64)
                    .line("scores = [torch.new_zeros(queries, [0, group])]")
                    .line("end = torch.size(levels, 0)")
                    .line("for at in range(0, end, piece):")
                    .line("  past = ops.prim.min(at + piece, end)")
                    .line("  rows = torch.slice(levels, 0, at, past)")
                    .line("  product = torch._weight_int8pack_mm(padded, rows, torch.slice(scales, 0, at, past))")
                    .line("  groups = torch.view(product, [width, -1, group])")
                    .line("  hits = torch.nonzero(torch.ge(torch.amax(groups, [2]), bound))")
                    .line("  if torch.gt(torch.size(hits, 0), 0):")
                    .line("    query = torch.select(hits, 1, 0)")
                    .line("    row = torch.select(hits, 1, 1)")
                    .line("    found = torch.index(groups, annotate(List[Optional[Tensor]], [query, row]))")
                    .line("    place = torch.add(torch.mul(torch.add(row, at // group), width), query)")
                    .line("    _1 = torch.append(places, place)")
                    .line("    _2 = torch.append(scores, found)")
                    .line("return [torch.cat(places), torch.to(torch.cat(scores), %d)]", ScriptSource.FLOAT32);
        }
    }
}
