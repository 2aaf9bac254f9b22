package org.simreg.worker.features.search;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;
import org.simreg.worker.features.bankfile.RowSource;

/**
 * A bank's rows less their center, rounded to float16, on a device with memory of its own: in tiles, of which some stay there
 * and the others are copied each time that they are asked for.
 */
final class DeviceRows implements AutoCloseable {
    /** Rows that the center is the mean of. */
    private static final int SAMPLE = 4096;

    private final Device device;
    private final RowSource rows;
    private final Plan plan;
    private final NDManager kept;
    private final NDArray[] tiles;
    private final NDArray middle;
    private final NDArray none;
    private final NDArray lengths;

    /**
     * What rows are brought to.
     *
     * @param module of {@link ScanCode#deviceSource}
     * @param threads that read them
     */
    record Device(Torch torch, TorchModule module, SearchThreads threads) {}

    /** @param center (D), as {@link #center} gives it */
    DeviceRows(Device device, RowSource rows, float[] center, Plan plan) {
        this.device = device;
        this.rows = rows;
        this.plan = plan;
        tiles = new NDArray[plan.resident()];
        kept = device.torch.scope();
        try {
            middle = device.torch.transfers().floats(kept, center, new Shape(center.length));
            none = kept.zeros(new Shape(center.length), DataType.FLOAT32);
            lengths = kept.zeros(new Shape(2), DataType.FLOAT64);
        } catch (RuntimeException e) {
            kept.close();
            throw e;
        }
    }

    /** The mean of some of the rows, (D). */
    static float[] center(RowSource rows) {
        double[] sums = new double[rows.dimension()];
        float[] row = new float[rows.dimension()];
        int drawn = Math.min(rows.size(), SAMPLE);
        for (int i = 0; i < drawn; i++) {
            rows.copy((int) ((long) i * rows.size() / drawn), row, 0);
            for (int d = 0; d < sums.length; d++) {
                sums[d] += row[d];
            }
        }
        float[] mean = new float[sums.length];
        for (int d = 0; d < sums.length; d++) {
            mean[d] = (float) (sums[d] / drawn);
        }
        return mean;
    }

    Plan plan() {
        return plan;
    }

    /** (2) float64: greatest length of a row less the center, and of what rounding took from one; of tiles that were here. */
    NDArray lengths() {
        return lengths;
    }

    /** Rows of a tile. */
    int rows(int tile) {
        return Math.min(plan.tile(), rows.size() - plan.first(tile));
    }

    /** A tile, in {@code scope} unless it stays. */
    NDArray tile(int number, NDManager scope, BooleanSupplier stop) {
        if (number >= tiles.length) {
            return load(number, scope, stop);
        }
        if (tiles[number] == null) {
            tiles[number] = load(number, kept, stop);
        }
        return tiles[number];
    }

    /** Copies a tile's rows; as many pieces are read at once as there are threads. */
    private NDArray load(int number, NDManager scope, BooleanSupplier stop) {
        int first = plan.first(number);
        int count = rows(number);
        NDArray into = halves(scope, plan.tile());
        int piece = Math.min(plan.tile(), Plan.copied(rows.dimension()));
        for (int from = 0; from < count; from += device.threads.count() * piece) {
            List<SearchThreads.Work<float[]>> works = new ArrayList<>();
            int end = (int) Math.min(count, from + (long) device.threads.count() * piece);
            for (int at = from; at < end; at += piece) {
                int begin = first + at;
                int past = first + Math.min(end, at + piece);
                works.add((scan, stopped) -> read(begin, past, piece));
            }
            int at = from;
            for (float[] values : device.threads.run(works, stop)) {
                fill(into, values, at, Math.min(piece, end - at), middle, lengths);
                at += piece;
            }
        }
        return into;
    }

    private float[] read(int from, int to, int room) {
        float[] values = new float[Math.multiplyExact(room, rows.dimension())];
        for (int row = from; row < to; row++) {
            rows.copy(row, values, (row - from) * rows.dimension());
        }
        return values;
    }

    /**
     * Queries in {@code scope}.
     *
     * @param own (2) float64, gets their greatest length and the greatest length of what rounding took
     */
    NDArray queries(NDManager scope, float[] values, NDArray own) {
        int count = values.length / rows.dimension();
        int piece = Math.min(count, Plan.copied(rows.dimension()));
        NDArray into = halves(scope, count);
        for (int at = 0; at < count; at += piece) {
            int from = at * rows.dimension();
            float[] part = Arrays.copyOfRange(values, from, from + piece * rows.dimension());
            fill(into, part, at, Math.min(piece, count - at), none, own);
        }
        return into;
    }

    private NDArray halves(NDManager scope, int count) {
        return device.module
                .call(scope, "halves", middle, Torch.onHost(scope, count))
                .get(0);
    }

    private void fill(NDArray into, float[] values, int at, int count, NDArray less, NDArray most) {
        try (NDManager scope = device.torch.scope()) {
            Shape shape = new Shape(values.length / rows.dimension(), rows.dimension());
            NDArray part = device.torch.transfers().floats(scope, values, shape);
            device.module.call(scope, "fill", into, part, less, most, Torch.onHost(scope, at, count));
        }
    }

    @Override
    public void close() {
        kept.close();
    }

    /**
     * The sizes of a search's pieces on a device, by the memory that it may take there; they decide speed, never the answer.
     *
     * @param tile rows that are multiplied at once, a multiple of {@value ScanCode#DEVICE_GROUP}
     * @param block queries that are multiplied at once, with {@value #PLANNED} candidates each
     * @param resident tiles that stay on the device, the first ones; the others are copied to it in each pass
     * @param tiles of all rows
     */
    record Plan(int tile, int block, int resident, int tiles) {
        /** Candidates a query that a block is sized for. */
        static final int PLANNED = 256;

        private static final int MOST_TILE = 1 << 17;
        private static final int MOST_BLOCK = 1 << 13;
        private static final int LEAST_TILE = 1 << 10;
        private static final int LEAST_BLOCK = 1 << 5;

        /** Bytes of the rows that are copied at once, in float32. */
        private static final int COPY_BYTES = 1 << 24;

        /** Bytes a candidate: of the groups looked through, of two sets that become one, and of what goes to the host. */
        private static final int CANDIDATE_BYTES = 192;

        /** Bytes a number that is rounded: as it comes, three times in float64, and rounded. */
        private static final int ROUNDING_BYTES = 4 + 3 * 8 + 2;

        private static final int HALF = 2;

        /**
         * The largest plan that fits.
         *
         * @param memory bytes that it may take on the device
         * @param rows N, at least 1
         * @return empty if the least one takes more
         */
        static Optional<Plan> of(long memory, int rows, int dimension) {
            int tile = (int) Math.min(MOST_TILE, whole(rows));
            int block = MOST_BLOCK;
            while (bytes(tile, block, dimension) > memory) {
                if (block > LEAST_BLOCK && (2L * block > tile || tile <= LEAST_TILE)) {
                    block /= 2;
                } else if (tile > LEAST_TILE) {
                    tile = (int) whole(tile / 2);
                } else {
                    return Optional.empty();
                }
            }
            int tiles = (rows + tile - 1) / tile;
            long left = memory - bytes(tile, block, dimension);
            long resident = Math.min(tiles, left / ((long) HALF * tile * dimension));
            return Optional.of(new Plan(tile, block, (int) resident, tiles));
        }

        /** The least multiple of a group that holds so many rows. */
        private static long whole(long rows) {
            return (rows + ScanCode.DEVICE_GROUP - 1) / ScanCode.DEVICE_GROUP * ScanCode.DEVICE_GROUP;
        }

        /** Bytes that a pass takes besides the tiles that stay. */
        private static long bytes(long tile, long block, long dimension) {
            long scores = block * (tile + tile / ScanCode.DEVICE_GROUP) * HALF;
            long candidates = block * PLANNED * CANDIDATE_BYTES;
            long operands = (2 * tile + 2 * block) * dimension * HALF;
            long rounding = Math.min(Math.max(tile, block), copied((int) dimension)) * dimension * ROUNDING_BYTES;
            return scores + candidates + operands + rounding;
        }

        /** Rows that are copied at once. */
        static int copied(int dimension) {
            return Math.max(1, COPY_BYTES / Float.BYTES / dimension);
        }

        /** First row of a tile. */
        int first(int number) {
            return number * tile;
        }

        /** Queries of a block with so many candidates each. */
        int block(int candidates) {
            return (int) Math.max(1, (long) block * PLANNED / Math.max(PLANNED, candidates));
        }
    }
}
