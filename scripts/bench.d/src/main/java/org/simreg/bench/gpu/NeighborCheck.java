package org.simreg.bench.gpu;

import java.util.Optional;
import java.util.Random;
import org.simreg.bench.gpu.CheckTable.Figure;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.bankfile.RowSource;
import org.simreg.worker.features.search.SearchThreads;
import org.simreg.worker.features.search.Shard;
import org.simreg.worker.features.search.TopK;

/** Nearest neighbours on a device against the CPU's: the same ids in the same order. */
final class NeighborCheck {
    private static final int ROWS = 50_000;
    private static final int DIMENSION = 512;
    private static final int QUERIES = 512;
    private static final int K = 20;

    private NeighborCheck() {}

    static void run(Torch cpu, Torch device, int threads, CheckTable table) {
        table.line("%d neighbours of %d in %d x %d".formatted(K, QUERIES, ROWS, DIMENSION), () -> {
            float[] rows = random(1, ROWS);
            // Rows that are in the bank twice, so that ids decide.
            System.arraycopy(rows, 0, rows, 100 * DIMENSION, 1000 * DIMENSION);
            float[] queries = random(2, QUERIES);
            System.arraycopy(rows, 0, queries, 0, 100 * DIMENSION);
            TopK expected = found(cpu, Optional.empty(), threads, rows, queries);
            TopK got = found(cpu, Optional.of(device), threads, rows, queries);
            int others = 0;
            for (int i = 0; i < expected.ids().length; i++) {
                others += expected.ids()[i] == got.ids()[i] && expected.cosines()[i] == got.cosines()[i] ? 0 : 1;
            }
            return new Figure(others, 0);
        });
    }

    private static TopK found(Torch cpu, Optional<Torch> device, int threads, float[] rows, float[] queries) {
        try (SearchThreads pool = new SearchThreads(cpu, threads, device, () -> true);
                Shard shard = Shard.of(new Rows(rows), pool)) {
            return shard.search(queries, K, () -> false);
        }
    }

    private static float[] random(long seed, int rows) {
        Random random = new Random(seed);
        float[] values = new float[rows * DIMENSION];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() - 0.4f;
        }
        return RowSource.unit(values, DIMENSION);
    }

    /** Rows in an array, numbered from 0. */
    private record Rows(float[] values) implements RowSource {
        @Override
        public int size() {
            return values.length / DIMENSION;
        }

        @Override
        public int dimension() {
            return DIMENSION;
        }

        @Override
        public long id(int row) {
            return row;
        }

        @Override
        public int label(int row) {
            return 0;
        }

        @Override
        public void copy(int row, float[] into, int at) {
            System.arraycopy(values, row * DIMENSION, into, at, DIMENSION);
        }
    }
}
