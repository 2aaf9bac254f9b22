package org.simreg.coordinator.node;

import io.grpc.BindableService;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.simreg.coordinator.control.Coordinator;
import org.simreg.coordinator.control.JobService;
import org.simreg.coordinator.grpc.JobsRpc;
import org.simreg.coordinator.grpc.KedaRpc;
import org.simreg.coordinator.grpc.ScaleRpc;
import org.simreg.coordinator.grpc.WorkersRpc;
import org.simreg.coordinator.grpc.samples.ReadGrants;
import org.simreg.coordinator.grpc.samples.SamplesRpc;
import org.simreg.coordinator.grpc.search.SearchRpc;
import org.simreg.coordinator.grpc.search.ShardFilesRpc;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.JobObserver;
import org.simreg.coordinator.job.JobStore;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.job.scale.Scaling;
import org.simreg.coordinator.run.folder.DiskRunFolders;
import org.simreg.coordinator.search.bank.Banks;
import org.simreg.coordinator.search.query.SearchWorkers;
import org.simreg.coordinator.view.report.NeighborGrid;
import org.simreg.coordinator.view.report.RunReport;
import org.simreg.coordinator.view.web.BankPictures;
import org.simreg.proto.ImageSource;
import org.simreg.proto.Job;
import org.simreg.proto.Roots;
import org.simreg.proto.WorkerStatus;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.data.storage.ShownPictures;
import org.simreg.worker.features.serve.SearchServer;

/**
 * The coordinator's jobs and banks, each on its own thread, and the gRPC services in front of them;
 * in every process that has a coordinator.
 */
final class CoordinatorServices {
    private static final int READERS = 2;
    private static final long JOBS_TICK_MS = 100;
    private static final long BANKS_TICK_MS = 300;

    private final OwnerVerticle<Coordinator> jobs;
    private final Pools pools;
    private final RunFiles.JobFolders folders;
    private final Optional<OwnerVerticle<Banks>> banks;
    private final List<BindableService> rpcs = new ArrayList<>();
    private final Scaling scaling;
    private final ShownPictures shown;
    private BankPictures pictures = BankPictures.NONE;
    private final KedaRpc keda;

    /**
     * Deploys jobs and banks, which take over what the stores know.
     *
     * @param open takes what is to be closed
     */
    CoordinatorServices(CloseStack open, Vertx vertx, Stores stores, Settings settings) {
        jobs = deployed(
                open,
                vertx,
                new OwnerVerticle<>("simreg-coordinator", thread -> coordinator(thread, stores, settings)));
        pools = new Pools();
        folders = stores.folders;
        open.add(pools::close);
        shown = new ShownPictures(VertxInstances.cache(), settings.limits.roots());
        banks = stores.banks.map(of -> banks(open, vertx, of, settings.limits.roots()));
        SamplesRpc samples =
                new SamplesRpc(ReadGrants.of(this::readers), settings.limits.roots(), VertxInstances.cache(), READERS);
        open.add(samples::close);
        scaling = scaling(stores, settings);
        keda = new KedaRpc(scaling, jobs);
        Coordinator coordinator = jobs.owned();
        rpcs.addAll(List.of(
                new ScaleRpc(scaling, jobs),
                keda,
                new JobsRpc(coordinator, jobs, pools.paths),
                new WorkersRpc(coordinator, jobs, pools.checkpoints),
                samples));
        banks.ifPresent(deployed -> serve(deployed, stores.banks.orElseThrow()));
    }

    /**
     * The threads that wait for files, a pool for each kind: what hangs in one holds up nothing of another.
     */
    private static final class Pools {
        private static final int THREADS = 4;
        private static final int MAKING = 2;
        private static final Duration SHORT = Duration.ofSeconds(20);
        private static final Duration TOUCH = Duration.ofSeconds(5);

        final WatchedPool checkpoints = new WatchedPool("simreg-checkpoints", THREADS, WatchedPool.PATIENCE);
        final WatchedPool shards = new WatchedPool("simreg-shard-files", THREADS, WatchedPool.PATIENCE);
        final WatchedPool making = new WatchedPool("simreg-making", MAKING, WatchedPool.PATIENCE);
        final WatchedPool reads = new WatchedPool("simreg-reads", THREADS, SHORT);
        final WatchedPool paths = new WatchedPool("simreg-paths", THREADS, TOUCH);

        Optional<String> trouble() {
            return Stream.of(checkpoints, shards, making, reads, paths)
                    .flatMap(pool -> pool.trouble().stream())
                    .findFirst();
        }

        void close() {
            List.of(making, paths, reads, shards, checkpoints).forEach(WatchedPool::close);
        }
    }

    /** Why files can't be read or written, as a sentence; empty if they can. */
    Optional<String> fileTrouble() {
        return pools.trouble().or(folders::trouble);
    }

    private static Coordinator coordinator(OwnerVerticle<Coordinator> thread, Stores stores, Settings settings) {
        CoordinatorSettings setup = new CoordinatorSettings(
                settings.version,
                settings.base,
                settings.times,
                new SteadyClock(),
                thread,
                settings.limits,
                settings.observer);
        Coordinator coordinator = new Coordinator(setup, stores.store, stores.folders);
        coordinator.start();
        thread.every(JOBS_TICK_MS, coordinator::tick);
        return coordinator;
    }

    private static <T extends AutoCloseable> OwnerVerticle<T> deployed(
            CloseStack open, Vertx vertx, OwnerVerticle<T> verticle) {
        String id = vertx.deployVerticle(verticle, verticle.options()).await();
        open.add(() ->
                vertx.undeploy(id).toCompletionStage().toCompletableFuture().join());
        return verticle;
    }

    private OwnerVerticle<Banks> banks(CloseStack open, Vertx vertx, BankSettings settings, Roots roots) {
        Context wire = vertx.getOrCreateContext();
        OwnerVerticle<Banks> verticle = deployed(
                open, vertx, new OwnerVerticle<>("simreg-banks", thread -> banks(thread, wire, settings, roots)));
        whenWorkersChange(workers -> {
            List<SearchWorkers.Worker> able = searchWorkers(workers, false);
            List<SearchWorkers.Worker> leaving = searchWorkers(workers, true);
            verticle.execute(() -> verticle.owned().workersChanged(able, leaving));
        });
        return verticle;
    }

    private Banks banks(OwnerVerticle<Banks> thread, Context wire, BankSettings settings, Roots roots) {
        Banks.Setup setup = new Banks.Setup(
                settings.home,
                VertxInstances.cache(),
                thread,
                pools.making,
                pools.reads,
                ForkJoinPool.commonPool(),
                settings.publishing,
                roots);
        Banks made = new Banks(setup, thread, new EventBusSearchWorkers(wire, thread));
        made.start();
        thread.every(BANKS_TICK_MS, made::tick);
        return made;
    }

    private Scaling scaling(Stores stores, Settings settings) {
        Coordinator coordinator = jobs.owned();
        Scaling made = new Scaling(
                settings.scale,
                stores.bounds,
                new Scaling.State(coordinator::demands, coordinator::attending),
                jobs::now);
        jobs.execute(() -> {
            coordinator.whenChanged(workers -> made.refresh());
            // Its delays run while nothing changes.
            jobs.every(JOBS_TICK_MS, made::refresh);
        });
        return made;
    }

    private void serve(OwnerVerticle<Banks> verticle, BankSettings settings) {
        Banks served = verticle.owned();
        SearchRpc search = new SearchRpc(served, verticle, ForkJoinPool.commonPool(), settings.answered());
        rpcs.add(search);
        rpcs.add(new ShardFilesRpc(served, verticle, pools.shards));
        pictures = new BankPictures(served::views, search::find, shown::bytes, pools.reads);
    }

    /**
     * The settings of a coordinator.
     *
     * @param version of simreg
     * @param base what relative run folders are relative to
     * @param times after which who is taken for silent or lost
     * @param limits what clients may ask for
     * @param observer sees every event of every job
     * @param scale how many workers there may be
     */
    record Settings(
            String version,
            Path base,
            CoordinatorSettings.Times times,
            CoordinatorSettings.Limits limits,
            JobObserver observer,
            ScaleSettings scale) {
        /** Those of a command that ends with its job. */
        Settings(String version, Path base) {
            this(
                    version,
                    base,
                    CoordinatorSettings.Times.ONE_JOB,
                    CoordinatorSettings.Limits.NONE,
                    JobObserver.NONE,
                    ScaleSettings.USUAL);
        }
    }

    /**
     * The stores that outlive the process.
     *
     * @param bounds file with the bounds of the number of workers; empty: they end with the process
     * @param banks settings of banks; empty: nothing is searched
     */
    record Stores(
            JobStore store,
            RunFiles.JobFolders folders,
            Optional<ScaleSettings.BoundsFile> bounds,
            Optional<BankSettings> banks) {
        Stores(JobStore store, RunFiles.JobFolders folders) {
            this(store, folders, Optional.empty(), Optional.empty());
        }
    }

    /**
     * Ends, soon, the streams that would last for ever; to be called before the server is closed.
     */
    void endStreams() {
        keda.close();
    }

    /**
     * The settings of banks of features.
     *
     * @param home folder that keeps them
     * @param publishing takes their records
     * @param answered takes how long each search took; called on any thread
     */
    record BankSettings(Path home, Banks.Publishing publishing, Consumer<Duration> answered) {}

    /** The page's search in the banks; finds nothing where there are none. */
    BankPictures pictures() {
        return pictures;
    }

    /** How many workers are wanted; any thread may ask. */
    int wanted() {
        return scaling.wanted();
    }

    /** The gRPC services, to be served. */
    List<BindableService> rpcs() {
        return rpcs;
    }

    /** Asks the coordinator, on its thread. */
    <T> Future<T> ask(Function<Coordinator, T> request) {
        return jobs.call(request);
    }

    /** Runs a task with the jobs, on the coordinator's thread. */
    void jobs(Consumer<JobService> task) {
        jobs.execute(() -> task.accept(jobs.owned()));
    }

    /**
     * Adds a listener.
     *
     * @param listener takes all workers now, and again whenever one of them has changed; called on
     *     the coordinator's thread, so it must not wait
     */
    void whenWorkersChange(Consumer<List<WorkerStatus>> listener) {
        Coordinator coordinator = jobs.owned();
        jobs.execute(() -> {
            coordinator.whenChanged(listener);
            listener.accept(coordinator.workers().getWorkersList());
        });
    }

    /** The workers that answer searches and are, or are not, about to leave. */
    private static List<SearchWorkers.Worker> searchWorkers(List<WorkerStatus> workers, boolean leaving) {
        return workers.stream()
                .filter(one -> leaving == (one.getState() == WorkerStatus.State.LEAVING))
                .filter(CoordinatorServices::searches)
                .map(one -> new SearchWorkers.Worker(
                        one.getWorker(), one.getAddressesOrThrow(SearchServer.TRANSPORT), one.getBankBytes()))
                .toList();
    }

    private static boolean searches(WorkerStatus worker) {
        return worker.containsAddresses(SearchServer.TRANSPORT);
    }

    /** Active jobs, whose data workers may read, and banks as jobs that would read the same. */
    private Collection<Job> readers() {
        List<Job> active = jobs.owned().active();
        Stream<Job> makers = banks.stream()
                .flatMap(verticle -> verticle.owned().views().stream())
                .flatMap(bank -> bank.images().stream())
                .map(CoordinatorServices::reader);
        return Stream.concat(active.stream(), makers).toList();
    }

    private static Job reader(ImageSource images) {
        Job.Builder job = Job.newBuilder().setDataset(images.getDataset());
        job.addTeachersBuilder().setSource(images.getWeights());
        return job.build();
    }

    /** Run folders on a disk, with reports that show the examples of their last evaluation. */
    static RunFiles.JobFolders folders(Roots roots) {
        ShownPictures shown = new ShownPictures(VertxInstances.cache(), roots);
        return new DiskRunFolders((folder, evaluation, data) -> {
            List<String> paths = evaluation.stream()
                    .flatMap(one -> NeighborGrid.files(one).stream())
                    .toList();
            try (ShownPictures.Folder pictures = shown.folder(data, paths)) {
                RunReport.write(folder, evaluation.map(one -> NeighborGrid.of(one, pictures.path())));
            }
        });
    }
}
