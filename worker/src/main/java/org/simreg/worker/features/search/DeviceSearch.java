package org.simreg.worker.features.search;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.DoubleBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.simreg.proto.UserError.NotHere;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.LibtorchFailure;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;
import org.simreg.worker.engine.torch.Transfers;
import org.simreg.worker.features.bankfile.RowSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The search of rows on a device with memory of its own. Rows less a center and queries are there in float16; of each
 * tile of rows the device keeps a query's greatest scores, merges them with those of the tiles before, and gives the host
 * the candidates of a block of queries in one copy, which is awaited when the next block is queued. The host ranks
 * them in float64, by {@link ExactRanking}.
 *
 * <p>An answer is decided if the k-th cosine is greater than any row can have that is no candidate: the last
 * candidate's score and what {@link RoundingBound} says of rounding. Otherwise the query is searched again with more
 * candidates; what isn't decided then is left to the caller.
 */
final class DeviceSearch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceSearch.class);

    /** Candidates beyond k, of which some a k. */
    private static final int SPARE = 32;

    private static final int SPARE_PART = 4;

    /** Times as many candidates where the first ones decide nothing. */
    private static final int MORE = 8;

    /** Queries that one thread ranks at once. */
    private static final int RANKED = 64;

    /** Numbers before the candidates: lengths and losses of rows and queries. */
    private static final int HEAD = 4;

    private final RowSource rows;
    private final SearchThreads threads;
    private final Torch torch;
    private final TorchModule module;
    private final DeviceRows.Device device;
    private final RoundingBound bound;
    private final float[] center;
    private final LongSupplier free;
    private int shares = 1;
    private Optional<DeviceRows> resident = Optional.empty();

    /**
     * @param threads that read rows and rank candidates
     * @param torch the device; outlives this
     * @param free bytes that are free on the device, of which it takes three quarters at most
     */
    DeviceSearch(RowSource rows, SearchThreads threads, Torch torch, LongSupplier free) {
        this.rows = rows;
        this.threads = threads;
        this.torch = torch;
        this.free = free;
        module = TorchModule.load(torch, CodeArchive.of(ScanCode.DEVICE_CLASS, List.of(), ScanCode.deviceSource()));
        device = new DeviceRows.Device(torch, module, threads);
        bound = new RoundingBound(rows.dimension(), false);
        center = DeviceRows.center(rows);
    }

    /**
     * Finds the nearest rows of queries. Memory that is too small is asked for in smaller pieces, down to none. Nothing is
     * decided while the device is needed for other things.
     *
     * @param queries (Q, D) float32 of unit length, or all zero
     * @param into gets the neighbours of those that are decided; its k is at most all rows
     * @return numbers of the queries that aren't, ascending
     * @throws CancellationException if told to stop
     */
    synchronized int[] search(float[] queries, TopK into, BooleanSupplier stop) {
        torch.enter();
        int[] open = IntStream.range(0, into.queries()).toArray();
        while (open.length > 0 && threads.mayUseDevice()) {
            try {
                Optional<DeviceRows.Plan> plan = plan();
                if (plan.isEmpty()) {
                    return open;
                }
                DeviceRows tiles = resident.orElseGet(() -> new DeviceRows(device, rows, center, plan.get()));
                resident = Optional.of(tiles);
                int first = Math.min(rows.size(), into.k() + into.k() / SPARE_PART + SPARE);
                open = new Pass(tiles, queries, into, first, stop).over(open);
                int more = Math.min(rows.size(), MORE * first);
                return more > first ? new Pass(tiles, queries, into, more, stop).over(open) : open;
            } catch (RuntimeException e) {
                if (!(LibtorchFailure.explained(e) instanceof NotHere)) {
                    throw e;
                }
                giveBack();
                shares *= 2;
            }
        }
        return open;
    }

    private Optional<DeviceRows.Plan> plan() {
        if (resident.isPresent()) {
            return resident.map(DeviceRows::plan);
        }
        torch.trim();
        long memory = free.getAsLong() / 4 * 3 / shares;
        Optional<DeviceRows.Plan> plan = DeviceRows.Plan.of(memory, rows.size(), rows.dimension());
        if (plan.isEmpty()) {
            LOG.info(
                    "{} MiB of the device's memory are too few for a search of {} rows of {} features; the CPU does it",
                    memory >> 20,
                    rows.size(),
                    rows.dimension());
        }
        return plan;
    }

    /** Gives the device's memory back, after a search that runs; the next one takes it again. */
    synchronized void rest() {
        giveBack();
        shares = 1;
    }

    private void giveBack() {
        resident.ifPresent(DeviceRows::close);
        resident = Optional.empty();
        torch.trim();
    }

    @Override
    public synchronized void close() {
        giveBack();
        module.close();
    }

    /** A search of some queries with a number of candidates each. */
    private final class Pass {
        private final DeviceRows tiles;
        private final float[] queries;
        private final TopK into;
        private final int candidates;
        private final BooleanSupplier stop;
        private final List<Integer> undecided = new ArrayList<>();

        Pass(DeviceRows tiles, float[] queries, TopK into, int candidates, BooleanSupplier stop) {
            this.tiles = tiles;
            this.queries = queries;
            this.into = into;
            this.candidates = candidates;
            this.stop = stop;
        }

        /** Those of the queries that aren't decided. */
        int[] over(int[] numbers) {
            int block = tiles.plan().block(candidates);
            Deque<Block> running = new ArrayDeque<>();
            try {
                for (int from = 0; from < numbers.length; from += block) {
                    running.add(new Block(Arrays.copyOfRange(numbers, from, Math.min(numbers.length, from + block))));
                    running.getLast().begin();
                    if (running.size() > 1) {
                        end(running);
                    }
                }
                while (!running.isEmpty()) {
                    end(running);
                }
            } finally {
                running.forEach(Block::close);
            }
            return undecided.stream().mapToInt(Integer::intValue).toArray();
        }

        private void end(Deque<Block> running) {
            running.getFirst().rank();
            running.remove().close();
        }

        /** The queries that travel through the rows together. */
        private final class Block implements AutoCloseable {
            private final int[] numbers;
            private final float[] own;
            private final NDManager scope = torch.scope();
            private Optional<Transfers.Reading> reading = Optional.empty();

            Block(int[] numbers) {
                this.numbers = numbers;
                int dimension = rows.dimension();
                own = new float[Math.multiplyExact(numbers.length, dimension)];
                for (int i = 0; i < numbers.length; i++) {
                    System.arraycopy(queries, numbers[i] * dimension, own, i * dimension, dimension);
                }
            }

            /** Queues the scan of all tiles and the copy of what it finds. */
            void begin() {
                NDArray lengths = scope.zeros(new Shape(2), DataType.FLOAT64);
                NDArray low = tiles.queries(scope, own, lengths);
                Best best = best("start", low, Torch.onHost(scope, candidates));
                try {
                    for (int tile = 0; tile < tiles.plan().tiles(); tile++) {
                        if (stop.getAsBoolean()) {
                            throw new CancellationException("the search was stopped");
                        }
                        try (NDManager passing = torch.scope()) {
                            NDArray at = Torch.onHost(passing, tiles.plan().first(tile), tiles.rows(tile));
                            NDArray part = tiles.tile(tile, passing, stop);
                            Best next = best("scan", part, low, best.scores, best.rows, at);
                            best.scope.close();
                            best = next;
                        }
                    }
                    NDArray all = module.call(scope, "all", best.scores, best.rows, tiles.lengths(), lengths)
                            .get(0);
                    int count = Math.toIntExact(all.getShape().size());
                    reading = Optional.of(torch.transfers().read(all, 0, count));
                } finally {
                    best.scope.close();
                }
            }

            /** Ranks what was found on the search's threads, and writes the neighbours of those that are decided. */
            void rank() {
                DoubleBuffer found = reading.orElseThrow().bytes().asDoubleBuffer();
                double error = bound.float16(found.get(2), found.get(3), found.get(0), found.get(1));
                List<SearchThreads.Work<boolean[]>> works = new ArrayList<>();
                for (int from = 0; from < numbers.length; from += RANKED) {
                    int first = from;
                    int count = Math.min(RANKED, numbers.length - from);
                    works.add((scan, stopped) -> ranked(first, count, found.duplicate(), error));
                }
                int query = 0;
                for (boolean[] decided : threads.run(works, stop)) {
                    for (boolean one : decided) {
                        if (!one) {
                            undecided.add(numbers[query]);
                        }
                        query++;
                    }
                }
            }

            private boolean[] ranked(int first, int count, DoubleBuffer found, double error) {
                int dimension = rows.dimension();
                float[] some = Arrays.copyOfRange(own, first * dimension, (first + count) * dimension);
                ExactRanking ranking = new ExactRanking(rows, some, into.k());
                boolean[] decided = new boolean[count];
                for (int i = 0; i < count && Double.isFinite(error); i++) {
                    double most = ranking.product(i, center) + error;
                    int at = HEAD + (first + i) * candidates;
                    decided[i] = decide(ranking, i, most, found.duplicate().position(at));
                    if (decided[i]) {
                        ranking.best()[i].drain(rows, numbers[first + i], into);
                    }
                }
                return decided;
            }

            /** @param found scores of a query's candidates, greatest first */
            private boolean decide(ExactRanking ranking, int query, double most, DoubleBuffer found) {
                int score = found.position();
                int row = score + numbers.length * candidates;
                for (int rank = 0; rank < candidates; rank++) {
                    double value = found.get(score + rank);
                    if (rank >= into.k() && RoundingBound.aboveFloat16(value) + most < ranking.least(query)) {
                        ranking.settle(query);
                        return true;
                    }
                    ranking.offer(query, (int) found.get(row + rank));
                }
                ranking.settle(query);
                double last = found.get(score + candidates - 1);
                return candidates == rows.size() || RoundingBound.aboveFloat16(last) + most < ranking.least(query);
            }

            @Override
            public void close() {
                reading.ifPresent(Transfers.Reading::close);
                scope.close();
            }
        }
    }

    /**
     * The best rows of each query so far.
     *
     * @param scores (Q, candidates) float16, greatest first
     * @param rows (Q, candidates) int64
     */
    private record Best(NDManager scope, NDArray scores, NDArray rows) {}

    private Best best(String method, Object... arguments) {
        NDManager scope = torch.scope();
        try {
            NDList found = module.call(scope, method, arguments);
            return new Best(scope, found.get(0), found.get(1));
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }
}
