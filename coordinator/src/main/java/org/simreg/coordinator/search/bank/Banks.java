package org.simreg.coordinator.search.bank;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.simreg.coordinator.search.query.QueryBatcher;
import org.simreg.coordinator.search.query.QueryEmbeddings;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.coordinator.search.query.ShardHolders;
import org.simreg.coordinator.search.query.ShardQueryFanout;
import org.simreg.coordinator.search.query.Timers;
import org.simreg.coordinator.search.query.TopKMerge;
import org.simreg.coordinator.search.query.VectorQuery;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankSource;
import org.simreg.proto.BankStatus;
import org.simreg.proto.CreateBankRequest;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.Refused;
import org.simreg.proto.Roots;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.ShardFile;
import org.simreg.proto.UserError;
import org.simreg.proto.Vectors;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.features.search.TopK;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All banks of a coordinator: built, served, deleted. Its methods are called on the banks' thread,
 * but for {@link #view} and {@link #views}.
 */
public final class Banks implements BankService, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Banks.class);
    private static final long WANTED_MS = 5000;
    private static final long WANTED_TIMEOUT_MS = 5000;

    private final Setup setup;
    private final BankFolders folders;
    private final SearchWorkers searchWorkers;
    private final BankBuilder builder;
    private final Timers timers;
    private final SortedMap<String, Bank> banks = new TreeMap<>();
    private final Map<String, BankView> views = new ConcurrentHashMap<>();
    private final Set<ShardQueryFanout> underWay = new HashSet<>();
    private final QueryEmbeddings embeddings;
    private List<SearchWorkers.Worker> workers = List.of();
    private List<SearchWorkers.Worker> leaving = List.of();
    private long wantedSentMs;

    /**
     * The settings of the banks, and the executors of their tasks.
     *
     * @param home folder of the banks' folders
     * @param indexCache folder of the indexes of data sets
     * @param thread runs tasks on the banks' thread
     * @param making runs what makes the files of a bank of those that a user names
     * @param reads runs what looks at a user's files for a moment
     * @param computing runs what takes a while and waits for nothing
     * @param published takes every record that is kept; a deleted one's name with no record
     * @param roots below which the files of a new bank must lie
     */
    public record Setup(
            Path home,
            Path indexCache,
            Executor thread,
            WatchedPool making,
            WatchedPool reads,
            Executor computing,
            Publishing published,
            Roots roots) {}

    /** The listener to records that are saved. */
    @FunctionalInterface
    public interface Publishing {
        /** Ignores them. */
        Publishing NOWHERE = (name, record) -> {};

        /**
         * @param record empty if the bank was deleted
         */
        void bank(String name, Optional<BankRecord> record);
    }

    /**
     * @param searchWorkers sends orders to the workers
     */
    public Banks(Setup setup, Timers timers, SearchWorkers searchWorkers) {
        this.setup = setup;
        this.timers = timers;
        this.searchWorkers = searchWorkers;
        folders = new BankFolders(setup.home());
        embeddings = new QueryEmbeddings(timers, searchWorkers);
        wantedSentMs = timers.now();
        builder = new BankBuilder(setup, folders, timers, searchWorkers, new BuildListener());
    }

    /** Serves the banks that are kept and ready, and goes on with building others; each fails alone. */
    public void start() {
        for (BankRecord record : folders.load()) {
            Bank bank = new Bank(folders, record);
            banks.put(record.getName(), bank);
            try {
                start(bank);
            } catch (RuntimeException e) {
                LOG.warn("The bank {} is set aside", record.getName(), e);
                bank.setAside(e instanceof UserError ? e.getMessage() : e.toString());
            }
            publish(bank);
        }
    }

    private void start(Bank bank) {
        BankRecord record = bank.record();
        switch (record.getState()) {
            case READY -> serve(bank);
            case CREATING -> builder.begin(bank, Math.max(1, record.getPartsCount()));
            default -> LOG.info("The bank {} has failed: {}", record.getName(), record.getReason());
        }
    }

    @Override
    public Optional<BankView> view(String name) {
        return Optional.ofNullable(views.get(name));
    }

    @Override
    public Collection<BankView> views() {
        return List.copyOf(views.values());
    }

    @Override
    public CompletionStage<BankStatus> create(CreateBankRequest request) {
        BankSource asked = BankRules.checked(request);
        requireNew(request.getName());
        return setup.reads()
                .call(
                        () -> BankRules.found(asked, setup.roots()),
                        () -> new Refused(
                                Refused.Kind.UNAVAILABLE,
                                "The storage of the bank's files gives no answer; look at it and ask again"))
                .thenApplyAsync(source -> create(request, source), setup.thread());
    }

    private void requireNew(String name) {
        if (banks.containsKey(name)) {
            throw new Refused(
                    Refused.Kind.EXISTS,
                    "There is a bank %s already; choose another name, or delete it first".formatted(name));
        }
    }

    private BankStatus create(CreateBankRequest request, BankSource source) {
        requireNew(request.getName());
        BankRecord record = BankRecord.newBuilder()
                .setName(request.getName())
                .setVersion(UUID.randomUUID().toString())
                .setSource(source)
                .setState(BankStatus.State.CREATING)
                .setCreatedMs(System.currentTimeMillis())
                .setReplicas(request.hasReplicas() ? request.getReplicas() : 1)
                .build();
        Bank bank = new Bank(folders, record);
        builder.begin(bank, request.hasShards() ? request.getShards() : Math.max(1, workers.size()));
        banks.put(record.getName(), bank);
        publish(bank);
        return bank.status();
    }

    /** The listener to builds of banks. */
    private final class BuildListener implements BankBuilder.Listener {
        @Override
        public void built(Bank bank) {
            ready(bank);
        }

        @Override
        public void changed(Bank bank) {
            publish(bank);
        }

        @Override
        public boolean knows(String name) {
            return banks.containsKey(name);
        }

        @Override
        public MemoryBudget budget(Bank bank) {
            return MemoryBudget.of(
                    workers,
                    banks.values().stream()
                            .filter(other -> other != bank)
                            .map(Bank::record)
                            .filter(other -> other.getState() != BankStatus.State.FAILED)
                            .toList());
        }

        @Override
        public List<SearchWorkers.Worker> workers() {
            return workers;
        }
    }

    private void ready(Bank bank) {
        bank.save(bank.record().toBuilder().setState(BankStatus.State.READY).build());
        serve(bank);
        publish(bank);
        bank.notifyWatchers();
    }

    private void serve(Bank bank) {
        List<ShardFile> shards = new ArrayList<>();
        for (int part = 0; part < bank.record().getPartsCount(); part++) {
            shards.add(bank.shard(part));
        }
        ShardHolders holders =
                new ShardHolders(searchWorkers, shards, bank.record().getReplicas());
        bank.serve(
                holders,
                new QueryBatcher(
                        bank.record().getName(), bank.record().getDimension(), batch -> askShards(holders, batch)));
        workersChanged(bank);
    }

    private void workersChanged(Bank bank) {
        Map<SearchWorkers.Worker, Long> others = new TreeMap<>();
        banks.values().stream()
                .filter(other -> other != bank)
                .forEach(other -> other.holders().ifPresent(shards -> shards.addLoads(others)));
        bank.holders().ifPresent(shards -> shards.workersChanged(workers, others, timers.now()));
        bank.builder().ifPresent(images -> images.workersChanged(workers, leaving));
    }

    private CompletionStage<TopK> askShards(ShardHolders holders, ShardQueryFanout.QueryBatch batch) {
        ShardQueryFanout fanout = new ShardQueryFanout(timers, searchWorkers, holders, batch);
        underWay.add(fanout);
        CompletionStage<TopK> merged = fanout.start()
                .whenComplete((shards, failure) -> underWay.remove(fanout))
                .thenApplyAsync(shards -> TopKMerge.of(shards, batch.k()), setup.computing());
        // Whoever waits for it belongs to the banks' thread.
        return merged.whenCompleteAsync((found, failure) -> {}, setup.thread());
    }

    @Override
    public CompletionStage<TopK> search(String name, VectorQuery query) {
        return bank(name)
                .batcher()
                .map(batcher -> batcher.enqueue(query))
                .orElseGet(() -> CompletableFuture.failedFuture(notReady(name)));
    }

    private static Refused notReady(String name) {
        return new Refused(
                Refused.Kind.STATE, "The bank %s isn't ready; see 'simreg index describe %s'".formatted(name, name));
    }

    @Override
    public CompletionStage<Vectors> embed(ImageQuery query, long until) {
        return embeddings.start(query, until);
    }

    @Override
    public List<BankStatus> list() {
        return banks.values().stream().map(Bank::status).toList();
    }

    @Override
    public BankStatus describe(String name) {
        return bank(name).status();
    }

    @Override
    public void delete(String name) {
        Bank bank = bank(name);
        banks.remove(name);
        views.remove(name);
        bank.delete();
        folders.delete(name);
        setup.published().bank(name, Optional.empty());
        sendWanted();
    }

    @Override
    public Runnable watch(String name, Consumer<Optional<BankStatus>> watcher) {
        Bank bank = bank(name);
        bank.watch(watcher);
        watcher.accept(Optional.of(bank.status()));
        return () -> bank.unwatch(watcher);
    }

    private Bank bank(String name) {
        Bank bank = banks.get(name);
        if (bank == null) {
            throw new Refused(
                    Refused.Kind.UNKNOWN,
                    "There is no bank %s; 'simreg index list' shows those that there are".formatted(name));
        }
        return bank;
    }

    private void publish(Bank bank) {
        views.put(bank.record().getName(), bank.view());
        setup.published().bank(bank.record().getName(), Optional.of(bank.record()));
    }

    @Override
    public Path shard(ShardFile asked) {
        return folders.stored(bank(asked.getBank()).record(), asked);
    }

    @Override
    public Path draft(ShardFile sent) {
        return folders.draft(bank(sent.getBank()).record(), sent);
    }

    @Override
    public ShardFile stored(ShardFile sent, Path draft) {
        return folders.store(bank(sent.getBank()).record(), sent, draft);
    }

    /**
     * Takes the workers that attend and answer searches, after every change.
     *
     * @param departing those that are about to leave, and get no orders any more
     */
    public void workersChanged(List<SearchWorkers.Worker> attending, List<SearchWorkers.Worker> departing) {
        leaving = List.copyOf(departing);
        if (attending.equals(workers)) {
            return;
        }
        workers = List.copyOf(attending);
        banks.values().forEach(this::workersChanged);
        embeddings.workersChanged(workers, leaving);
        List.copyOf(underWay).forEach(ShardQueryFanout::workersChanged);
    }

    /** Renews orders to the workers; called about every 300 ms. */
    public void tick() {
        long now = timers.now();
        for (Bank bank : banks.values()) {
            bank.builder().ifPresent(ImageBankBuilder::tick);
            workersChanged(bank);
        }
        if (now - wantedSentMs > WANTED_MS) {
            wantedSentMs = now;
            sendWanted();
        }
    }

    private void sendWanted() {
        for (SearchWorkers.Worker worker : workers) {
            SearchOrder.Wanted.Builder wanted = SearchOrder.Wanted.newBuilder();
            for (Bank bank : banks.values()) {
                bank.holders().ifPresent(shards -> wanted.addAllShards(shards.wanted(worker)));
                bank.builder().ifPresent(images -> wanted.addAllEmbeddings(images.wanted(worker)));
            }
            searchWorkers.send(
                    worker,
                    SearchOrder.newBuilder().setWanted(wanted).build(),
                    WANTED_TIMEOUT_MS,
                    done -> closed(worker),
                    // The order is sent again in a while, unless the worker is lost.
                    e -> LOG.debug("{} wasn't told what it is to keep", worker.name(), e));
        }
    }

    private void closed(SearchWorkers.Worker worker) {
        banks.values().forEach(bank -> bank.holders().ifPresent(shards -> shards.closed(worker)));
    }

    /** Closes files; workers keep the shards that they have open. */
    @Override
    public void close() {
        banks.values().forEach(bank -> {
            builder.end(bank);
            bank.close();
        });
    }
}
