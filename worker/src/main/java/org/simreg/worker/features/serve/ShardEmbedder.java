package org.simreg.worker.features.serve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.simreg.proto.DataSource;
import org.simreg.proto.EmbedOrder;
import org.simreg.proto.Embedded;
import org.simreg.proto.ShardFile;
import org.simreg.proto.Split;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.InterruptibleCall;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.concurrent.RetryPause;
import org.simreg.worker.base.concurrent.SourceThreads;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.base.io.FileNames;
import org.simreg.worker.base.io.Shortage;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.storage.DatasetOpener;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.features.bankfile.BankOrigin;
import org.simreg.worker.features.bankfile.BankWriter;
import org.simreg.worker.features.embed.FrozenBackbone;
import org.simreg.worker.features.embed.ImageEmbedder;
import org.simreg.worker.features.search.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The embedder of the parts of banks that this worker was given: one after the other, their images' features become
 * shards, which the coordinator stores. Each data set is opened on a thread of its own, and a part whose images don't
 * come gives its turn to the others, so that storage that gives no answer holds up its own banks only.
 */
final class ShardEmbedder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ShardEmbedder.class);
    private static final long LEASE_NANOS = TimeUnit.SECONDS.toNanos(15);

    /** Images that can't be read and are told of by name. */
    private static final int MOST_BROKEN = 10;

    private static final Duration TO_END = Duration.ofSeconds(10);

    private final SourceThreads threads = new SourceThreads("simreg-embed", 1);

    private final EmbeddingTurns turns;
    private final SearchServer.Settings settings;
    private final ShardTransfer transfer;
    private final LongSupplier nanos;
    private final EmbeddingNetwork frozen;
    private final Map<EmbedOrder, Task> tasks = new HashMap<>();
    private final RetryPause pause = new RetryPause();

    ShardEmbedder(SearchServer.Settings settings, ShardTransfer transfer) {
        this(settings, transfer, System::nanoTime);
    }

    /**
     * @param nanos a clock in nanoseconds, by which leases run out
     */
    ShardEmbedder(SearchServer.Settings settings, ShardTransfer transfer, LongSupplier nanos) {
        this.settings = settings;
        this.nanos = nanos;
        this.transfer = transfer;
        frozen = new EmbeddingNetwork(settings.worker());
        turns = new EmbeddingTurns(WatchedPool.PATIENCE, nanos);
    }

    /**
     * Begins a part, or renews its lease and says how far it is. A part whose lease ran out, because the coordinator was
     * away, begins anew.
     *
     * @throws RuntimeException the failure of that part, once; asked again it begins anew
     */
    synchronized Embedded ask(EmbedOrder order) {
        Task known = tasks.get(order);
        if (known == null || known.isAbandoned()) {
            Task begun = new Task(order);
            tasks.put(order, begun);
            threads.of(order.getImages().getDataset()).execute(begun);
            return begun.state();
        }
        known.renew();
        try {
            return known.state();
        } catch (RuntimeException failed) {
            tasks.remove(order);
            throw failed;
        }
    }

    /** Gives up all parts but these. */
    synchronized void retain(Collection<EmbedOrder> wanted) {
        tasks.forEach((order, task) -> {
            if (!wanted.contains(order)) {
                task.giveUp();
            }
        });
        tasks.keySet().retainAll(wanted);
    }

    @Override
    public void close() {
        synchronized (this) {
            tasks.values().forEach(Task::giveUp);
        }
        pause.end();
        threads.close();
        try {
            if (turns.awaitEnd(TO_END)) {
                frozen.close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One part being embedded. Given up when nobody has asked for it for a while. */
    final class Task implements Runnable, ProgressMonitor {
        private final EmbedOrder order;
        private volatile long asked = nanos.getAsLong();
        private volatile boolean givenUp;
        private volatile int dimension;
        private volatile Embedded state = Embedded.getDefaultInstance();
        private volatile RuntimeException failure;
        private volatile boolean over;

        private final InterruptibleCall opening = new InterruptibleCall();

        /** Only of its own thread. */
        private EmbeddingTurns.Turn turn;

        Task(EmbedOrder order) {
            this.order = order;
        }

        /** Renews its lease: somebody has asked for it. */
        void renew() {
            asked = nanos.getAsLong();
        }

        void giveUp() {
            givenUp = true;
            opening.interrupt();
        }

        /** Whether it ended without a result and without a fault of its own. */
        boolean isAbandoned() {
            return over && (failure == null ? !state.hasStored() : failure instanceof Abandoned);
        }

        /**
         * @throws RuntimeException if it failed
         */
        Embedded state() {
            if (failure != null) {
                throw failure;
            }
            return state;
        }

        @Override
        public void at(String what, long done, long total) {
            state = Embedded.newBuilder()
                    .setRows((int) done)
                    .setDimension(dimension)
                    .build();
        }

        @Override
        public void next(String what, long done, long total) {
            ProgressMonitor.super.next(what, done, total);
            turn.waits();
        }

        @Override
        public boolean stopped() {
            return givenUp || nanos.getAsLong() - asked > LEASE_NANOS;
        }

        @Override
        public void run() {
            try {
                embed();
            } finally {
                over = true;
            }
        }

        private void embed() {
            if (stopped()) {
                return;
            }
            Path file = settings.worker().cache().resolve("banks").resolve(name());
            try {
                state = embedded(file);
            } catch (RuntimeException e) {
                fail(e);
            } catch (Error e) {
                fail(Shortage.ofMemory(e)
                        .map(RuntimeException.class::cast)
                        .orElseGet(() -> new IllegalStateException("the images can't be embedded: " + e, e)));
            } finally {
                delete(file);
            }
        }

        private void fail(RuntimeException e) {
            failure = e;
            if (e instanceof Abandoned) {
                LOG.info("Embedding {} was given up: {}", name(), e.getMessage());
            } else if (!(e instanceof UserError)) {
                LOG.warn("Embedding {} ended", name(), e);
            }
        }

        private String name() {
            return "%s-%s-%d.part".formatted(order.getBank(), order.getVersion(), order.getShard());
        }

        private Embedded embedded(Path file) {
            ImageList images = images();
            Embedded.Builder embedded = inTurn(images, file);
            ShardFile.Builder shard = ShardFile.newBuilder()
                    .setBank(order.getBank())
                    .setVersion(order.getVersion())
                    .setShard(order.getShard())
                    .setRows(embedded.getRows())
                    .setDimension(dimension);
            return embedded.setStored(transfer.put(shard.build(), file, () -> !givenUp, pause))
                    .build();
        }

        /** Whoever loses its turn begins anew when it comes again. */
        private Embedded.Builder inTurn(ImageList images, Path file) {
            while (true) {
                turn = turns.take(this::stopped);
                try (EmbeddingTurns.Turn mine = turn) {
                    return computed(images, file, mine);
                } catch (RuntimeException e) {
                    if (!turn.isLost()) {
                        throw e;
                    }
                    LOG.warn(
                            "The images of {} don't come; other banks are embedded before {}",
                            DataSource.shown(order.getImages().getDataset()),
                            name());
                }
            }
        }

        private Embedded.Builder computed(ImageList images, Path file, EmbeddingTurns.Turn mine) {
            FrozenBackbone backbone = frozen.of(order.getImages());
            ViewRecipe.CentreView view = frozen.view(order.getImages());
            int[] ids = IntStream.range(0, order.getRows())
                    .map(i -> (int) order.getFirstId() + i)
                    .toArray();
            dimension = dimension(view);
            state = Embedded.newBuilder().setDimension(dimension).build();
            requireRoom(dimension);
            BankOrigin.ShardMark mark = new BankOrigin.ShardMark(order.getBank(), order.getVersion(), order.getShard());
            String weights = backbone.identity().sha256();
            BitSet read = new BitSet(ids.length);
            ImageEmbedder.Features features = (scope, views) -> {
                mine.computes();
                return backbone.of(scope, views);
            };
            try (ImageEmbedder embedding = new ImageEmbedder(
                    frozen.torch(), images, settings.worker().loader(0), ImageEmbedder.brief(LOG::warn))) {
                BankWriter.write(
                        file,
                        dimension,
                        mark.origin(weights, view.toString()),
                        bank -> embedding.run(
                                features, new ImageEmbedder.Pass(view, 0, ids), this, (rows, of, labels) -> {
                                    Arrays.stream(of).forEach(id -> read.set(id - ids[0]));
                                    add(bank, of, labels, rows);
                                }));
            }
            return Embedded.newBuilder()
                    .setRows(read.cardinality())
                    .setLeftOut(ids.length - read.cardinality())
                    .addAllBroken(broken(images, ids, read))
                    .setWeightsSha256(weights)
                    .addAllNotes(frozen.notes())
                    .setNetwork("%s, %s"
                            .formatted(
                                    backbone.identity().network(),
                                    backbone.identity().precision().name().toLowerCase(Locale.ROOT)));
        }

        /**
         * Some of the images that can't be read.
         *
         * @param read by place, whether it could be
         * @throws UserError if none could be
         */
        private List<String> broken(ImageList images, int[] ids, BitSet read) {
            if (read.isEmpty()) {
                throw new UserError("None of the images %d to %d of %s can be read, %s for one; mend or remove them"
                        .formatted(
                                ids[0],
                                ids[ids.length - 1],
                                DataSource.shown(order.getImages().getDataset()),
                                images.location(ids[0])));
            }
            return IntStream.range(0, ids.length)
                    .filter(place -> !read.get(place))
                    .limit(MOST_BROKEN)
                    .mapToObj(place -> FileNames.shown(images.path(ids[place])))
                    .toList();
        }

        private void requireRoom(int dimension) {
            long bytes = Shard.bytes(order.getRows(), dimension);
            if (bytes > settings.memory()) {
                throw new UserError(
                        "Shard %d of the bank %s would take %d MiB (%d rows of %d features), and a worker's shards may take %d; make the bank with more shards, on more workers"
                                .formatted(
                                        order.getShard(),
                                        order.getBank(),
                                        bytes >> 20,
                                        order.getRows(),
                                        dimension,
                                        settings.memory() >> 20));
            }
        }

        private static void add(BankWriter bank, int[] ids, int[] labels, float[] rows) {
            try {
                bank.add(Arrays.stream(ids).asLongStream().toArray(), labels, rows);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private ImageList images() {
            ImageDataset splits = opening.run(() -> {
                if (stopped()) {
                    throw new Abandoned("it is not wanted any more");
                }
                frozen.look(order.getImages());
                return DatasetOpener.open(order.getImages().getDataset(), settings.worker(), LOG::info);
            });
            ImageList images = order.getImages().getSplit() == Split.VAL
                    ? splits.val().orElseThrow(this::changed)
                    : splits.train();
            if (!images.sha256().equals(order.getDataSha256())) {
                throw changed();
            }
            return images;
        }

        private UserError changed() {
            return new UserError(
                    "The images of %s are not those that the bank %s was begun with: files were added, renamed or removed; delete the bank and make it again"
                            .formatted(DataSource.shown(order.getImages().getDataset()), order.getBank()));
        }

        /** Asked of one black view. */
        private int dimension(ViewRecipe.CentreView view) {
            int bytes = 3 * view.size() * view.size();
            return frozen.features(ByteBuffer.allocateDirect(bytes), 1, view.size()).length;
        }

        private static void delete(Path file) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                LOG.warn("{} can't be deleted", file, e);
            }
        }
    }
}
