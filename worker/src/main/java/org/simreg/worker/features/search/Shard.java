package org.simreg.worker.features.search;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.simreg.proto.UserError;
import org.simreg.worker.features.bankfile.BankFile;
import org.simreg.worker.features.bankfile.BankLayout;
import org.simreg.worker.features.bankfile.BankOrigin;
import org.simreg.worker.features.bankfile.RowSource;

/**
 * An open shard: the rows of a bank that this worker searches. {@link #search} gives the rows that
 * a float64 brute force over the stored float32 rows finds, in (cosine descending, id ascending)
 * order, whatever the number of threads. Any number of callers may search at once; it is closed
 * after the last.
 *
 * <p>How a query is answered: groups of queries are multiplied with tiles of rows in bfloat16, few queries in eight bits, by {@link
 * TileScan}, which drops the rows that {@link RoundingBound} proves to be out; {@link ExactRanking}
 * decides the others in float64; {@link #merge} puts the best of all parts together. With a device that has memory of its own {@link DeviceSearch} answers, and what it
 * can't decide is answered so.
 *
 * <p>Memory: {@code 3 D + 8} bytes a row for the first pass, and {@code 4 D + 12} of the mapped file,
 * which the system may drop and read again. Besides, a thread takes {@code 12 D} bytes a query of
 * its group of 256 and about 30 MB for scores.
 */
public final class Shard implements AutoCloseable {
    /** Most neighbours of one query. */
    public static final int MAX_K = 1024;

    private final RowSource rows;
    private final BankOrigin origin;
    private final SearchThreads threads;
    private final Optional<DeviceSearch> device;
    private final Supplier<SearchShape> shaped;
    private Optional<SearchShape> shape = Optional.empty();

    /** @param shaped rounds the rows for a search on the CPU */
    private Shard(RowSource rows, BankOrigin origin, SearchThreads threads, Supplier<SearchShape> shaped) {
        this.rows = rows;
        this.origin = origin;
        this.threads = threads;
        this.shaped = shaped;
        device = threads.device().map(torch -> new DeviceSearch(rows, threads, torch, torch::freeMemory));
        if (device.isEmpty()) {
            shape();
        }
    }

    private synchronized SearchShape shape() {
        shape = Optional.of(shape.orElseGet(shaped));
        return shape.get();
    }

    /** Bytes that a shard takes, mapped file included. */
    public static long bytes(long rows, int dimension) {
        return rows * (6L * dimension + ScanModule.Bytes.each(dimension) + Long.BYTES + Integer.BYTES);
    }

    /**
     * Maps the file of a bank, checks all of it, and rounds its rows for the first pass.
     *
     * @param file as {@code BankWriter} wrote it; not to be changed in place meanwhile
     * @param limit most bytes that the shard may take, by {@link #bytes}
     * @throws UserError if the file can't be read, is damaged or takes more; the message names it
     */
    public static Shard open(Path file, SearchThreads threads, long limit) {
        return open(file, threads, limit, SearchShape.Tiling.DEFAULT);
    }

    static Shard open(Path file, SearchThreads threads, long limit, SearchShape.Tiling tiling) {
        BankFile bank = BankFile.open(file);
        long bytes = bytes(bank.size(), bank.dimension());
        if (bytes > limit) {
            throw new UserError(
                    "Can't open the feature bank %s: its %d rows of %d features take %d MiB and %d are allowed; raise the limit or spread the bank over more workers"
                            .formatted(file, bank.size(), bank.dimension(), bytes >> 20, limit >> 20));
        }
        if (threads.device().isPresent()) {
            check(bank, threads);
        }
        return new Shard(
                bank,
                bank.layout().origin(),
                threads,
                () -> shape(bank, bank.layout().center(), threads, tiling, bank::check));
    }

    private static void check(BankFile bank, SearchThreads threads) {
        List<SearchThreads.Work<Boolean>> works = new ArrayList<>();
        for (int first = 0; first < bank.size(); first += BankLayout.BLOCK) {
            int block = first / BankLayout.BLOCK;
            works.add((module, stopped) -> {
                bank.check(block);
                return true;
            });
        }
        threads.run(works, () -> false);
    }

    /**
     * A shard of rows in memory.
     *
     * @param rows at least one, finite, not changed as long as the shard lives
     */
    public static Shard of(RowSource rows, SearchThreads threads) {
        return of(rows, threads, SearchShape.Tiling.DEFAULT);
    }

    static Shard of(RowSource rows, SearchThreads threads, SearchShape.Tiling tiling) {
        return new Shard(
                rows, new BankOrigin("", ""), threads, () -> shape(rows, mean(rows), threads, tiling, block -> {}));
    }

    private static SearchShape shape(
            RowSource rows,
            double[] center,
            SearchThreads threads,
            SearchShape.Tiling tiling,
            RoundedRows.Check check) {
        SearchShape.Tiling own = tiling.of(rows.size(), threads.count());
        RoundedRows rounded = new RoundedRows(rows, center, threads, own, check);
        return new SearchShape(rows, rounded, center, own, !threads.torch().fuses());
    }

    private static double[] mean(RowSource rows) {
        double[] mean = new double[rows.dimension()];
        float[] row = new float[rows.dimension()];
        for (int i = 0; i < rows.size(); i++) {
            rows.copy(i, row, 0);
            for (int d = 0; d < mean.length; d++) {
                mean[d] += row[d];
            }
        }
        return Arrays.stream(mean).map(sum -> sum / rows.size()).toArray();
    }

    /** N. */
    public int size() {
        return rows.size();
    }

    /** D. */
    public int dimension() {
        return rows.dimension();
    }

    /** The weights and view that made the features. */
    public BankOrigin origin() {
        return origin;
    }

    /**
     * The nearest rows of queries.
     *
     * @param queries (Q, D) row-major, of any length above zero; scaled to unit length in float64
     *     and rounded to float32
     * @param k neighbours a query, 1 to {@value #MAX_K}; fewer rows are given all
     * @param stop asked by other threads every few milliseconds; once true, the search is given up
     * @throws IllegalArgumentException if the queries aren't rows of D numbers, one of them has no
     *     direction, or k is out of range
     * @throws CancellationException if told to stop, or if the calling thread is interrupted, which
     *     it still is then
     */
    public TopK search(float[] queries, int k, BooleanSupplier stop) {
        if (queries.length % dimension() != 0) {
            throw new IllegalArgumentException(
                    "%d numbers are not queries of %d features".formatted(queries.length, dimension()));
        }
        if (k < 1 || k > MAX_K) {
            throw new IllegalArgumentException("k is %d; give 1 to %d".formatted(k, MAX_K));
        }
        return searchUnit(RowSource.unit(queries, dimension()), k, stop);
    }

    /**
     * As {@link #search} with queries of unit length, which needn't be scaled.
     *
     * @param queries (Q, D) float32 numbers of unit length, or all zero; used as they are
     */
    public TopK searchUnit(float[] queries, int k, BooleanSupplier stop) {
        int count = queries.length / dimension();
        int found = Math.min(k, size());
        TopK nearest = new TopK(count, found);
        if (device.isEmpty()) {
            scan(queries, nearest, stop);
            return nearest;
        }
        int[] left = device.get().search(queries, nearest, stop);
        if (left.length > 0) {
            TopK others = new TopK(left.length, found);
            float[] again = new float[left.length * dimension()];
            for (int i = 0; i < left.length; i++) {
                System.arraycopy(queries, left[i] * dimension(), again, i * dimension(), dimension());
            }
            scan(again, others, stop);
            nearest.put(others, left);
        }
        return nearest;
    }

    /** Gives back what it holds of a GPU's memory, once no search runs there; the next search takes it again. */
    public void leaveDevice() {
        device.ifPresent(DeviceSearch::rest);
    }

    /** Finds the neighbours on the CPU. */
    private void scan(float[] queries, TopK nearest, BooleanSupplier stop) {
        List<TileScan> scans = scans(shape(), queries, nearest);
        List<TopRows[]> parts = threads.run(scans, stop);
        for (int i = 0; i < parts.size(); i++) {
            merge(scans, parts, i, nearest);
        }
    }

    /** Groups of queries of equal size; few groups are cut by tiles too, so that all threads have work. */
    private List<TileScan> scans(SearchShape shape, float[] queries, TopK nearest) {
        List<TileScan> scans = new ArrayList<>();
        int count = nearest.queries();
        int groups = (count + shape.tiling().queries() - 1) / shape.tiling().queries();
        int parts = groups >= 8 * threads.count() ? 1 : threads.count();
        int tiles = shape.rounded().tiles();
        for (int group = 0; group < groups; group++) {
            int from = (int) ((long) count * group / groups);
            int to = (int) ((long) count * (group + 1) / groups);
            for (int part = 0; part < parts; part++) {
                int first = (int) ((long) tiles * part / parts);
                int end = (int) ((long) tiles * (part + 1) / parts);
                if (first < end) {
                    scans.add(new TileScan(
                            shape, new TileScan.Extent(from, to - from, first, end), queries, nearest.k()));
                }
            }
        }
        return scans;
    }

    /** Writes the neighbours of a group of queries once its last part is reached. */
    private void merge(List<TileScan> scans, List<TopRows[]> parts, int at, TopK into) {
        int query = scans.get(at).extent().query();
        if (at + 1 < parts.size() && scans.get(at + 1).extent().query() == query) {
            TopRows[] ours = parts.get(at);
            for (int i = 0; i < ours.length; i++) {
                ours[i].pour(parts.get(at + 1)[i]);
            }
            return;
        }
        for (TopRows best : parts.get(at)) {
            best.drain(rows, query++, into);
        }
    }

    @Override
    public void close() {
        device.ifPresent(DeviceSearch::close);
        shape.ifPresent(rounded -> rounded.rounded().close());
    }
}
