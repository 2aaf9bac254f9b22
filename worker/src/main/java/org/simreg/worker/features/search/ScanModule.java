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
 * A libtorch module that multiplies rows of a bank with queries in bfloat16 (or float32) and gives
 * back only what reaches a bound. Belongs to the thread that runs it; a bank's tensor may be read
 * by any number of modules.
 */
final class ScanModule implements AutoCloseable {
    private final Torch torch;
    private final TorchModule module;
    private ByteBuffer rows = ByteBuffer.allocateDirect(0);

    /** Loads the code onto the device of {@code torch}. */
    ScanModule(Torch torch) {
        this.torch = torch;
        module = TorchModule.load(torch, CodeArchive.of(ScanCode.CLASS, List.of(), ScanCode.source()));
    }

    /** A bank of zeros: (rows, D) bfloat16 in {@code kept}, D being the length of the center. */
    NDArray empty(NDManager kept, NDArray center, long rows) {
        return module.call(kept, "empty", center, kept.create(rows)).get(0);
    }

    /**
     * Puts rows less the center into the bank.
     *
     * @param rows (n, D) float32, row-major, and perhaps more behind them
     * @param count n
     * @param center (D) float64
     * @return the greatest length of a row less the center, and the greatest length of what
     *     rounding such a row to bfloat16 took away; NaN if a row has one
     */
    double[] fill(NDArray bank, long at, float[] rows, int count, NDArray center) {
        try (NDManager scope = torch.scope()) {
            NDArray block = view(scope, rows, count, center.getShape().get(0));
            return module.call(scope, "fill", bank, block, center, scope.create(at))
                    .get(0)
                    .toDoubleArray();
        }
    }

    /** A copy of some rows of the bank in {@code kept}. */
    NDArray rows(NDManager kept, NDArray bank, long[] rows) {
        return module.call(kept, "rows", bank, kept.create(rows)).get(0);
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
     * The k rows of a sample with the greatest scores for each query.
     *
     * @return (Q, k) positions in the sample
     */
    long[] seeds(NDArray sample, NDArray queries, int k) {
        try (NDManager scope = torch.scope()) {
            NDArray wanted = scope.create((long) k);
            return module.call(scope, "seeds", sample, queries, wanted).get(0).toLongArray();
        }
    }

    /**
     * The rows that a scan covers, and the pieces that it takes them in.
     *
     * @param first row that it begins at, a multiple of {@code group}
     * @param end row after the last; a group that it cuts is looked at whole
     * @param tile rows a product, a multiple of {@code group}
     * @param group rows that share one decision
     */
    record Span(int first, int end, int tile, int group) {
        private long whole() {
            return (end + group - 1L) / group * group;
        }
    }

    /**
     * Groups of rows of which one at least reaches the bound of a query.
     *
     * @param places (n) number of the group in the bank, times Q, plus number of the query
     * @param scores (n, group) rounded scores of the group's rows
     */
    record Hits(long[] places, float[] scores) {}

    /**
     * Scans rows of a bank for those that reach a query's bound.
     *
     * @param bank (N, D), N a multiple of the group
     * @param queries (Q, D) of the bank's type
     * @param least (Q) what a score must reach, as numbers of that type
     */
    Hits scan(NDArray bank, NDArray queries, float[] least, Span span) {
        try (NDManager scope = torch.scope()) {
            long[] bounds = {span.first, span.whole(), span.tile, span.group};
            NDList found = module.call(scope, "scan", bank, queries, scope.create(least), scope.create(bounds));
            return new Hits(found.get(0).toLongArray(), found.get(1).toFloatArray());
        }
    }

    /**
     * Scans float32 rows of the host.
     *
     * @param rows (n, D), n being all that the span covers, and perhaps more behind them
     */
    Hits scan(float[] rows, NDArray queries, float[] least, Span span) {
        try (NDManager scope = torch.scope()) {
            int count = span.end - span.first;
            NDArray bank = view(scope, rows, count, queries.getShape().get(1));
            return scan(bank, queries, least, span);
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

    /** TorchScript source of the products between a bank of rows and a tile of queries. */
    private static final class ScanCode {
        static final String CLASS = "Scan";

        private static final int INT64 = 4;
        private static final int FLOAT64 = 7;

        private ScanCode() {}

        static String source() {
            ScriptSource code = new ScriptSource();
            bank(code);
            queries(code);
            seeds(code);
            scan(code);
            return code.toString();
        }

        private static void bank(ScriptSource code) {
            code.method("empty(self, center: Tensor, rows: Tensor) -> Tensor")
                    .line("rows0 = int(torch.item(rows))")
                    .line(
                            "return torch.new_zeros(center, [rows0, torch.size(center, 0)], dtype=%d)",
                            ScriptSource.BFLOAT16);
            code.method("fill(self, bank: Tensor, rows: Tensor, center: Tensor, at: Tensor) -> Tensor")
                    .line("exact = torch.sub(torch.to(rows, %d), center)", FLOAT64)
                    .line("first = int(torch.item(at))")
                    .line("into = torch.slice(bank, 0, first, first + torch.size(rows, 0))")
                    .line("_0 = torch.copy_(into, exact)")
                    .line("lost = torch.sub(exact, torch.to(into, %d))", FLOAT64)
                    .line("radius = torch.amax(torch.sum(torch.mul(exact, exact), [1]), [0])")
                    .line("loss = torch.amax(torch.sum(torch.mul(lost, lost), [1]), [0])")
                    .line("return torch.sqrt(torch.stack([radius, loss]))");
            code.method("rows(self, bank: Tensor, rows: Tensor) -> Tensor")
                    .line("return torch.index_select(bank, 0, rows)");
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
            code.method("seeds(self, sample: Tensor, queries: Tensor, k: Tensor) -> Tensor")
                    .line("scores = torch.mm(queries, torch.t(sample))")
                    .line("_0, rows = torch.topk(scores, int(torch.item(k)), 1)")
                    .line("return rows");
        }

        /**
         * A tile's scores are (rows, queries): the queries are the small operand that oneDNN packs,
         * and the maximum over a group of rows runs along contiguous queries. Only groups whose
         * maximum reaches the query's bound leave.
         */
        private static void scan(ScriptSource code) {
            code.method("scan(self, bank: Tensor, queries: Tensor, least: Tensor, span: Tensor)" + " -> List[Tensor]")
                    .line("first = int(torch.item(torch.select(span, 0, 0)))")
                    .line("end = int(torch.item(torch.select(span, 0, 1)))")
                    .line("tile = int(torch.item(torch.select(span, 0, 2)))")
                    .line("group = int(torch.item(torch.select(span, 0, 3)))")
                    .line("width = torch.size(queries, 0)")
                    .line("columns = torch.t(queries)")
                    .line("bound = torch.type_as(least, queries)")
                    .line("places = [torch.new_zeros(queries, [0], dtype=%d)]", INT64)
                    .line("scores = [torch.new_zeros(queries, [0, group])]")
                    .line("for at in range(first, end, tile):")
                    .line("  past = ops.prim.min(at + tile, end)")
                    .line("  product = torch.mm(torch.slice(bank, 0, at, past), columns)")
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
    }
}
