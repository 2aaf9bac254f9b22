package org.simreg.worker.features.knn;

import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.bankfile.RowSource;
import org.simreg.worker.features.search.SearchThreads;
import org.simreg.worker.features.search.Shard;
import org.simreg.worker.features.search.TopK;

/**
 * Exact nearest neighbours by cosine among features in memory, with the engine that banks are
 * served with: the rows that a float64 brute force over the stored rows finds, in (cosine
 * descending, id ascending) order, whatever the number of threads and the device.
 *
 * <p>Besides bank, queries and result it takes {@code 2 D} bytes a row of the bank and what {@link
 * Shard} says of its threads. The threads are started by the first search.
 */
public final class NearestNeighbors implements AutoCloseable {
    /** Most neighbours of one query. */
    public static final int MAX_K = Shard.MAX_K;

    /** Queries copied at once. */
    private static final int TOGETHER = 4096;

    /** Numbers of queries copied at once for a device, which is to compute while threads rank. */
    private static final int DEVICE_NUMBERS = 1 << 27;

    private final int threads;
    private final Optional<Torch> device;
    private Torch torch;
    private SearchThreads pool;

    /**
     * @param threads threads to compute with, at least 1
     */
    public NearestNeighbors(int threads) {
        this(threads, Optional.empty());
    }

    /**
     * Neighbours that are searched on a GPU.
     *
     * @param device the GPU; a CPU makes no difference. The memory that a search takes there is given back at its end
     * @param threads threads to compute with, at least 1
     */
    public NearestNeighbors(Torch device, int threads) {
        this(threads, Optional.of(device));
    }

    private NearestNeighbors(int threads, Optional<Torch> device) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
        this.threads = threads;
        this.device = device.filter(other -> other.transfers().copies());
    }

    /** As {@link #search(FeatureBank, FeatureBank, int, BooleanSupplier)}, to its end. */
    public TopK search(FeatureBank bank, FeatureBank queries, int k) {
        return search(bank, queries, k, () -> false);
    }

    /**
     * @param bank (N, D) rows to find
     * @param queries (Q, D) rows to find neighbours for; not changed, nor is the bank
     * @param k neighbours a query, 1 to {@value #MAX_K}; a smaller bank gives all its rows
     * @param stop asked between tiles of rows; once true, the search ends
     * @return nearest first; cosines of rows without a direction are 0
     * @throws IllegalArgumentException if the dimensions differ or k is out of range
     * @throws CancellationException if it was stopped, or if the calling thread is interrupted, which it still is then
     */
    public TopK search(FeatureBank bank, FeatureBank queries, int k, BooleanSupplier stop) {
        if (bank.dimension() != queries.dimension()) {
            throw new IllegalArgumentException("a bank of %d features can't answer queries of %d"
                    .formatted(bank.dimension(), queries.dimension()));
        }
        if (k < 1 || k > MAX_K) {
            throw new IllegalArgumentException("k must be 1 to %d, not %d".formatted(MAX_K, k));
        }
        int found = Math.min(k, bank.size());
        TopK neighbors = new TopK(queries.size(), found);
        if (neighbors.ids().length > 0) {
            open();
            try (Shard shard = Shard.of(new ById(bank), pool)) {
                int together = device.isPresent() ? Math.max(1, DEVICE_NUMBERS / bank.dimension()) : TOGETHER;
                for (int from = 0; from < queries.size(); from += together) {
                    int to = (int) Math.min(queries.size(), (long) from + together);
                    float[] rows = rows(queries, from, to);
                    neighbors.put(shard.searchUnit(rows, k, stop), from);
                }
            }
        }
        return neighbors;
    }

    /** As {@link #others(FeatureBank, int, BooleanSupplier)}, to its end. */
    public TopK others(FeatureBank bank, int k) {
        return others(bank, k, () -> false);
    }

    /**
     * The neighbours of each row of a bank among its other rows.
     *
     * @param bank (N, D), at least two rows
     * @param k neighbours a row, 1 to {@value #MAX_K} - 1; a smaller bank gives all other rows
     * @param stop asked between tiles of rows; once true, the search ends
     * @throws IllegalArgumentException if k is out of range
     * @throws CancellationException if it was stopped, or if the calling thread is interrupted, which it still is then
     */
    public TopK others(FeatureBank bank, int k, BooleanSupplier stop) {
        TopK all = search(bank, bank, k + 1, stop);
        TopK others = new TopK(all.queries(), all.k() - 1);
        for (int row = 0; row < all.queries(); row++) {
            int to = row * others.k();
            for (int rank = 0; rank < all.k() && to < (row + 1) * others.k(); rank++) {
                if (all.id(row, rank) != bank.id(row)) {
                    others.ids()[to] = all.id(row, rank);
                    others.labels()[to] = all.label(row, rank);
                    others.cosines()[to] = all.cosine(row, rank);
                    to++;
                }
            }
        }
        return others;
    }

    private void open() {
        if (pool == null) {
            torch = torch == null ? new Torch("cpu", threads) : torch;
            pool = new SearchThreads(torch, threads, device, () -> true);
        }
    }

    private static float[] rows(FeatureBank bank, int from, int to) {
        float[] rows = new float[Math.multiplyExact(to - from, bank.dimension())];
        for (int row = from; row < to; row++) {
            bank.copy(row, rows, (row - from) * bank.dimension());
        }
        return rows;
    }

    /** A bank in the order of its ids, which decides between equal cosines. */
    private static final class ById implements RowSource {
        private final FeatureBank bank;
        private final long[] places;

        ById(FeatureBank bank) {
            this.bank = bank;
            places = new long[bank.size()];
            Arrays.setAll(places, row -> (long) bank.id(row) << Integer.SIZE | row);
            Arrays.sort(places);
        }

        @Override
        public int size() {
            return places.length;
        }

        @Override
        public int dimension() {
            return bank.dimension();
        }

        @Override
        public long id(int row) {
            return places[row] >> Integer.SIZE;
        }

        @Override
        public int label(int row) {
            return bank.label((int) places[row]);
        }

        @Override
        public void copy(int row, float[] into, int at) {
            bank.copy((int) places[row], into, at);
        }
    }

    @Override
    public void close() {
        if (pool != null) {
            pool.close();
        }
        if (torch != null) {
            torch.close();
        }
    }
}
