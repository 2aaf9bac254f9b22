package org.simreg.worker.features.search;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.simreg.proto.UserError;
import org.simreg.worker.features.bankfile.BankLayout;
import org.simreg.worker.features.bankfile.RowSource;

/**
 * A bank's rows less their center, rounded to bfloat16, in tiles for the first pass: {@code 2 D} bytes a
 * row; also to eight bits, {@code D} bytes a row, for few queries, whose time is that of reading the
 * rows. Without the center the features of one network lie closer to zero, and what rounding takes
 * away is less.
 */
final class RoundedRows implements AutoCloseable {
    private static final int BLOCK = BankLayout.BLOCK;

    private final RowSource rows;
    private final SearchShape.Tiling tiling;
    private final NDManager kept;
    private final NDArray center;
    private final NDArray[] tiles;
    private final double[] longest;
    private final double[] losses;
    private final ScanModule.Bytes[] bytes;
    private final ScanModule.Packed[] packed;
    private final double[] byteLosses;
    private final int[] sampleRows;
    private final NDArray sample;

    /** A check of a block of rows before it is read. */
    interface Check {
        void block(int block);
    }

    /**
     * @param center (D) any vector; the nearer to the rows, the faster the search
     * @param tiling its tiles are filled up with zeros to a multiple of its group
     * @throws UserError if the check threw it
     */
    RoundedRows(RowSource rows, double[] center, SearchThreads threads, SearchShape.Tiling tiling, Check check) {
        this.rows = rows;
        this.tiling = tiling;
        kept = threads.torch().scope();
        try {
            this.center = kept.create(center);
            tiles = new NDArray[(int) ((rows.size() + tiling.rows() - 1L) / tiling.rows())];
            longest = new double[tiles.length];
            losses = new double[tiles.length];
            byteLosses = new double[tiles.length];
            boolean few = tiling.group() % ScanModule.LANES == 0;
            boolean packs = few && packs(threads);
            bytes = new ScanModule.Bytes[few && !packs ? tiles.length : 0];
            packed = new ScanModule.Packed[packs ? tiles.length : 0];
            Check once = once(check, (rows.size() + BLOCK - 1) / BLOCK);
            List<SearchThreads.Work<Boolean>> works = new ArrayList<>();
            for (int tile = 0; tile < tiles.length; tile++) {
                int at = tile;
                works.add((module, stopped) -> stopped.getAsBoolean() || fill(at, module, once));
            }
            threads.run(works, () -> false);
            int drawn = Math.min(rows.size(), tiling.sample());
            sampleRows = new int[drawn];
            Arrays.setAll(sampleRows, i -> (int) ((long) i * rows.size() / drawn));
            SearchThreads.Work<NDArray> drawing = (module, stopped) -> draw(module);
            sample = threads.run(List.of(drawing), () -> false).get(0);
        } catch (RuntimeException | Error e) {
            kept.close();
            throw e;
        }
    }

    private static boolean packs(SearchThreads threads) {
        SearchThreads.Work<Boolean> asked = (module, stopped) -> module.packs();
        return threads.run(List.of(asked), () -> false).get(0);
    }

    /** A check that looks at each block once, however many tiles share it. */
    private static Check once(Check check, int blocks) {
        AtomicIntegerArray looked = new AtomicIntegerArray(blocks);
        return block -> {
            if (looked.getAndSet(block, 1) == 0) {
                check.block(block);
            }
        };
    }

    private boolean fill(int tile, ScanModule module, Check check) {
        int first = tile * tiling.rows();
        int end = (int) Math.min(rows.size(), first + (long) tiling.rows());
        float[] features = new float[Math.multiplyExact(BLOCK, rows.dimension())];
        try (NDManager scope = module.scope()) {
            long whole = tiling.whole(end - first);
            NDArray filled = module.tile(scope, whole, rows.dimension());
            ScanModule.Bytes levels = hasBytes() ? module.bytes(scope, whole, rows.dimension()) : null;
            for (int from = first; from < end; ) {
                int block = from / BLOCK;
                check.block(block);
                int to = (int) Math.min(end, (block + 1L) * BLOCK);
                for (int row = from; row < to; row++) {
                    rows.copy(row, features, (row - from) * rows.dimension());
                }
                double[] lengths = module.fill(filled, from - first, features, to - from, center);
                longest[tile] = Math.max(longest[tile], lengths[0]); // NaN stays
                losses[tile] = Math.max(losses[tile], lengths[1]);
                if (levels != null) {
                    double loss = module.fill(levels, from - first, features, to - from, center);
                    byteLosses[tile] = Math.max(byteLosses[tile], loss);
                }
                from = to;
            }
            tiles[tile] = module.keep(kept, filled);
            if (levels != null) {
                if (packed.length > 0) {
                    packed[tile] = module.pack(levels, kept);
                } else {
                    bytes[tile] = module.keep(kept, levels);
                }
            }
        }
        return true;
    }

    private NDArray draw(ScanModule module) {
        float[] features = new float[Math.multiplyExact(sampleRows.length, rows.dimension())];
        for (int i = 0; i < sampleRows.length; i++) {
            rows.copy(sampleRows[i], features, i * rows.dimension());
        }
        try (NDManager scope = module.scope()) {
            NDArray drawn = module.tile(scope, sampleRows.length, rows.dimension());
            module.fill(drawn, 0, features, sampleRows.length, center);
            return module.keep(kept, drawn);
        }
    }

    /** A tile, its rows filled up with zeros to a multiple of the group. */
    NDArray tile(int tile) {
        return tiles[tile];
    }

    /** Whether the rows are there in eight bits too. */
    boolean hasBytes() {
        return bytes.length + packed.length > 0;
    }

    /** Whether these are {@link #packed}. */
    boolean packs() {
        return packed.length > 0;
    }

    /** A tile in eight bits as oneDNN multiplies it, filled up as {@link #tile}. */
    ScanModule.Packed packed(int tile) {
        return packed[tile];
    }

    /** A tile in eight bits, filled up as {@link #tile}. */
    ScanModule.Bytes bytes(int tile) {
        return bytes[tile];
    }

    /** Greatest length that rounding to eight bits took from a row of a tile. */
    double byteLoss(int tile) {
        return byteLosses[tile];
    }

    /** Number of tiles. */
    int tiles() {
        return tiles.length;
    }

    /** Evenly spread rows of the bank, as a tile. */
    NDArray sample() {
        return sample;
    }

    /** The row that a row of the sample is. */
    int sampled(long position) {
        return sampleRows[(int) position];
    }

    /** Greatest length of a row less the center, of a tile. */
    double longest(int tile) {
        return longest[tile];
    }

    /** Greatest length that rounding took from a row of a tile. */
    double loss(int tile) {
        return losses[tile];
    }

    @Override
    public void close() {
        kept.close();
    }
}
