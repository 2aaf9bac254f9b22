package org.simreg.worker.torchscript;

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

/**
 * Products between rows of a bank and queries in bfloat16 (or float32), of which only what reaches
 * a bound comes back. Belongs to the thread that runs it; a bank's tensor may be read by any number
 * of modules.
 */
public final class ScanModule implements AutoCloseable {
    private final Torch torch;
    private final TorchModule module;
    private ByteBuffer rows = ByteBuffer.allocateDirect(0);

    /** Loads the code onto the device of {@code torch}. */
    public ScanModule(Torch torch) {
        this.torch = torch;
        module =
                TorchModule.load(
                        torch, CodeArchive.of(ScanCode.CLASS, List.of(), ScanCode.source()));
    }

    /** A bank of zeros: (rows, D) bfloat16 in {@code kept}, D being the length of the center. */
    public NDArray empty(NDManager kept, NDArray center, long rows) {
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
    public double[] fill(NDArray bank, long at, float[] rows, int count, NDArray center) {
        try (NDManager scope = torch.scope()) {
            NDArray block = view(scope, rows, count, center.getShape().get(0));
            return module.call(scope, "fill", bank, block, center, scope.create(at))
                    .get(0)
                    .toDoubleArray();
        }
    }

    /** A copy of some rows of the bank in {@code kept}. */
    public NDArray rows(NDManager kept, NDArray bank, long[] rows) {
        return module.call(kept, "rows", bank, kept.create(rows)).get(0);
    }

    /** A new scope for native memory; the caller closes it. */
    public NDManager scope() {
        return torch.scope();
    }

    /** A float32 matrix (n, D) on the device. */
    public NDArray matrix(NDManager scope, float[] values, int dimension) {
        return scope.create(values, new Shape(values.length / dimension, dimension));
    }

    /** Queries (Q, D) float32 rounded to bfloat16. */
    public NDArray round(NDManager scope, NDArray queries) {
        return module.call(scope, "round", queries).get(0);
    }

    /**
     * Of queries and what they were rounded to.
     *
     * @return (2, Q): lengths of the rounded queries, then lengths of what rounding took away
     */
    public double[] lengths(NDArray queries, NDArray rounded) {
        try (NDManager scope = torch.scope()) {
            return module.call(scope, "lengths", queries, rounded).get(0).toDoubleArray();
        }
    }

    /**
     * The k rows of a sample with the greatest scores for each query.
     *
     * @return (Q, k) positions in the sample
     */
    public long[] seeds(NDArray sample, NDArray queries, int k) {
        try (NDManager scope = torch.scope()) {
            NDArray wanted = scope.create((long) k);
            return module.call(scope, "seeds", sample, queries, wanted).get(0).toLongArray();
        }
    }

    /**
     * Where a scan goes.
     *
     * @param first row that it begins at, a multiple of {@code group}
     * @param end row after the last; a group that it cuts is looked at whole
     * @param tile rows a product, a multiple of {@code group}
     * @param group rows that share one decision
     */
    public record Span(int first, int end, int tile, int group) {
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
    public record Hits(long[] places, float[] scores) {}

    /**
     * @param bank (N, D), N a multiple of the group
     * @param queries (Q, D) of the bank's type
     * @param least (Q) what a score must reach, as numbers of that type
     */
    public Hits scan(NDArray bank, NDArray queries, float[] least, Span span) {
        try (NDManager scope = torch.scope()) {
            long[] bounds = {span.first, span.whole(), span.tile, span.group};
            NDList found =
                    module.call(
                            scope,
                            "scan",
                            bank,
                            queries,
                            scope.create(least),
                            scope.create(bounds));
            return new Hits(found.get(0).toLongArray(), found.get(1).toFloatArray());
        }
    }

    /**
     * The same over float32 rows of the host.
     *
     * @param rows (n, D), n being all that the span covers, and perhaps more behind them
     */
    public Hits scan(float[] rows, NDArray queries, float[] least, Span span) {
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
}
