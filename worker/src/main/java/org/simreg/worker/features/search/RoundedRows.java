package org.simreg.worker.features.search;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.simreg.proto.UserError;
import org.simreg.worker.features.bankfile.BankLayout;
import org.simreg.worker.features.bankfile.RowSource;

/**
 * A bank's rows less their center, rounded to bfloat16, for the first pass: {@code 2 D} bytes a
 * row. Without the center the features of one network lie closer to zero, and what rounding takes
 * away is less.
 */
final class RoundedRows implements AutoCloseable {
    private static final int BLOCK = BankLayout.BLOCK;

    private final NDManager kept;
    private final NDArray center;
    private final NDArray bank;
    private final double[] longest;
    private final double[] losses;
    private final long[] sampleRows;
    private final NDArray sample;

    /** A check of a block of rows before it is read. */
    interface Check {
        void block(int block);
    }

    /**
     * @param center (D) any vector; the nearer to the rows, the faster the search
     * @param tiling rows are filled up with zeros to a multiple of its rows
     * @throws UserError if the check threw it
     */
    RoundedRows(RowSource rows, double[] center, SearchThreads threads, SearchShape.Tiling tiling, Check check) {
        kept = threads.torch().scope();
        try {
            this.center = kept.create(center);
            int blocks = (rows.size() + BLOCK - 1) / BLOCK;
            longest = new double[blocks];
            losses = new double[blocks];
            long padded = (rows.size() + tiling.group() - 1L) / tiling.group() * tiling.group();
            bank = once(threads, module -> module.empty(kept, this.center, padded));
            fill(rows, threads, check);
            int drawn = Math.min(rows.size(), tiling.sample());
            sampleRows =
                    LongStream.range(0, drawn).map(i -> i * rows.size() / drawn).toArray();
            sample = once(threads, module -> module.rows(kept, bank, sampleRows));
        } catch (RuntimeException | Error e) {
            kept.close();
            throw e;
        }
    }

    /** A call of the module that gives a tensor. */
    private interface Step {
        NDArray with(ScanModule module);
    }

    private static NDArray once(SearchThreads threads, Step step) {
        SearchThreads.Work<NDArray> work = (module, stopped) -> step.with(module);
        return threads.run(List.of(work), () -> false).get(0);
    }

    private void fill(RowSource rows, SearchThreads threads, Check check) {
        List<SearchThreads.Work<Boolean>> works = new ArrayList<>();
        int share = (longest.length + threads.count() - 1) / threads.count();
        for (int first = 0; first < longest.length; first += share) {
            int from = first;
            int to = Math.min(longest.length, first + share);
            works.add((module, stopped) -> fill(rows, from, to, module, stopped, check));
        }
        threads.run(works, () -> false);
    }

    private boolean fill(RowSource rows, int from, int to, ScanModule module, BooleanSupplier stopped, Check check) {
        float[] features = new float[Math.multiplyExact(BLOCK, rows.dimension())];
        for (int block = from; block < to && !stopped.getAsBoolean(); block++) {
            check.block(block);
            int first = block * BLOCK;
            int count = Math.min(BLOCK, rows.size() - first);
            for (int i = 0; i < count; i++) {
                rows.copy(first + i, features, i * rows.dimension());
            }
            double[] lengths = module.fill(bank, first, features, count, center);
            longest[block] = lengths[0];
            losses[block] = lengths[1];
        }
        return true;
    }

    /** Padded rows (N', D), bfloat16. */
    NDArray bank() {
        return bank;
    }

    /** Evenly spread rows of the bank. */
    NDArray sample() {
        return sample;
    }

    /** The row that a row of the sample is. */
    int sampled(long position) {
        return (int) sampleRows[(int) position];
    }

    int samples() {
        return sampleRows.length;
    }

    /** Greatest length of a row less the center, from row {@code from} to before {@code to}. */
    double longest(int from, int to) {
        return greatest(longest, from, to);
    }

    /** Greatest length that rounding took from a row. */
    double loss(int from, int to) {
        return greatest(losses, from, to);
    }

    private static double greatest(double[] values, int from, int to) {
        double greatest = 0;
        for (int block = from / BLOCK; block * (long) BLOCK < to; block++) {
            greatest = Math.max(greatest, values[block]); // NaN stays
        }
        return greatest;
    }

    @Override
    public void close() {
        kept.close();
    }
}
