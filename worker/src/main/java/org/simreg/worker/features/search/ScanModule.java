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
import org.simreg.worker.engine.torchscript.PackedLinear;

/**
 * A libtorch module that multiplies tiles of a bank's rows with queries in bfloat16 (or float32) and gives
 * back only what reaches a bound. Belongs to the thread that runs it; a tile may be read by any number of
 * modules.
 *
 * <p>Where oneDNN computes in bfloat16, a tile is kept in the order that its kernel reads ({@code
 * mkldnn::_reorder_linear_weight}): the rows are the wide operand then, and a single query costs little more than
 * reading them. A plain product would pack sixteen queries, however few there are.
 */
final class ScanModule implements AutoCloseable {
    private final Torch torch;
    private final TorchModule module;
    private ByteBuffer rows = ByteBuffer.allocateDirect(0);

    private ScanModule(Torch torch, boolean packed) {
        this.torch = torch;
        module = TorchModule.load(torch, CodeArchive.of(ScanCode.CLASS, List.of(), ScanCode.source(packed)));
    }

    /** Loads the code onto the device of {@code torch}: with packed tiles if they can be multiplied there. */
    static ScanModule load(Torch torch) {
        return new ScanModule(torch, packs(torch));
    }

    /** Whether tiles are packed for oneDNN there, whose products sum in float32. */
    static boolean packs(Torch torch) {
        return PackedLinear.works(torch);
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

    /** A filled tile in {@code kept}, in the order that products read it. */
    NDArray keep(NDManager kept, NDArray tile) {
        return module.call(kept, "keep", tile).get(0);
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
     * Groups of rows of which one at least reaches the bound of a query. Group g of a tile with G groups holds its rows
     * g, g + G, g + 2 G and so on.
     *
     * @param groups G
     * @param places (n) number of the group, times Q, plus number of the query
     * @param scores (n, rows a group) rounded scores of the group's rows
     */
    record Hits(int groups, long[] places, float[] scores) {}

    /**
     * Scans a kept tile for rows that reach a query's bound.
     *
     * @param tile of T rows, T a multiple of {@code 2^halvings}
     * @param queries (Q, D) bfloat16
     * @param least (Q) what a score must reach, as bfloat16 numbers
     * @param halvings rows that share one decision are {@code 2^halvings}
     */
    Hits scan(NDArray tile, int rows, NDArray queries, float[] least, int halvings) {
        return scan("scan", tile, rows, queries, least, halvings);
    }

    /**
     * Scans float32 rows of the host, as {@link #scan(NDArray, int, NDArray, float[], int)} does a tile.
     *
     * @param values (rows, D), and perhaps more behind them
     * @param queries (Q, D) float32
     */
    Hits scan(float[] values, int rows, NDArray queries, float[] least, int halvings) {
        try (NDManager scope = torch.scope()) {
            NDArray tile = view(scope, values, rows, queries.getShape().get(1));
            return scan("scan_plain", tile, rows, queries, least, halvings);
        }
    }

    private Hits scan(String method, NDArray tile, int rows, NDArray queries, float[] least, int halvings) {
        try (NDManager scope = torch.scope()) {
            NDList found =
                    module.call(scope, method, tile, queries, scope.create(least), scope.create((long) halvings));
            return new Hits(
                    rows >> halvings, found.get(0).toLongArray(), found.get(1).toFloatArray());
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
        private static final String PLAIN = "torch.mm(queries, torch.t(tile))";

        /** A product with a packed tile is one with the weights of a linear layer. */
        private static final String PACKED = PackedLinear.product("queries", "tile", "None");

        /** Queries that a packed tile is laid out for; any other number of them is multiplied as well. */
        private static final int QUERIES = 256;

        private ScanCode() {}

        static String source(boolean packed) {
            ScriptSource code = new ScriptSource();
            tiles(code, packed);
            queries(code);
            seeds(code, packed ? PACKED : PLAIN);
            scan(code, "scan", packed ? PACKED : PLAIN);
            scan(code, "scan_plain", PLAIN);
            return code.toString();
        }

        private static void tiles(ScriptSource code, boolean packed) {
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
            code.method("keep(self, tile: Tensor) -> Tensor");
            if (packed) {
                code.line("return %s", PackedLinear.weight("tile", QUERIES));
            } else {
                code.line("return tile");
            }
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

        private static void seeds(ScriptSource code, String product) {
            code.method("seeds(self, tile: Tensor, queries: Tensor, k: Tensor) -> Tensor")
                    .line("_0, rows = torch.topk(%s, int(torch.item(k)), 1)", product)
                    .line("return rows");
        }

        /**
         * A tile's scores are (queries, rows). The maximum over a group is taken by folding the rows in halves, each
         * one pass over contiguous numbers. Only groups whose maximum reaches the query's bound leave.
         */
        private static void scan(ScriptSource code, String name, String product) {
            code.method("%s(self, tile: Tensor, queries: Tensor, least: Tensor, halvings: Tensor) -> List[Tensor]"
                            .formatted(name))
                    .line("scores = %s", product)
                    .line("width = torch.size(queries, 0)")
                    .line("best = scores")
                    .line("for _0 in range(int(torch.item(halvings))):")
                    .line("  half = torch.size(best, 1) // 2")
                    .line("  best = torch.maximum(torch.slice(best, 1, 0, half), torch.slice(best, 1, half))")
                    .line("bound = torch.unsqueeze(torch.type_as(least, queries), 1)")
                    .line("hits = torch.nonzero(torch.ge(best, bound))")
                    .line("query = torch.select(hits, 1, 0)")
                    .line("group = torch.select(hits, 1, 1)")
                    .line("members = torch.transpose(torch.view(scores, [width, -1, torch.size(best, 1)]), 1, 2)")
                    .line("which = annotate(List[Optional[Tensor]], [query, group])")
                    .line("found = torch.index(members, which)")
                    .line("place = torch.add(torch.mul(group, width), query)")
                    .line("return [place, torch.to(found, %d)]", ScriptSource.FLOAT32);
        }
    }
}
