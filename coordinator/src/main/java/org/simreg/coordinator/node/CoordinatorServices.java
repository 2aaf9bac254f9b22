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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.simreg.coordinator.control.Coordinator;
import org.simreg.coordinator.control.JobService;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.JobsRpc;
import org.simreg.coordinator.grpc.KedaRpc;
import org.simreg.coordinator.grpc.ScaleRpc;
import org.simreg.coordinator.grpc.WorkersRpc;
import org.simreg.coordinator.grpc.samples.ReadGrants;
import org.simreg.coordinator.grpc.samples.SamplesRpc;
import org.simreg.coordinator.grpc.search.SearchRpc;
import org.simreg.coordinator.grpc.search.ShardsRpc;
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
import org.simreg.worker.features.serve.SearchServer;

/**
 * The coordinator's jobs and banks and the services in front of them, in every process that has
 * them.
 */
final class CoordinatorServices {
    private static final int READERS = 2;
    private static final long JOBS_TICK_MS = 100;
    private static final long BANKS_TICK_MS = 300;

    private final OwnerVerticle<Coordinator> jobs;
    private final ExecutorService files;
    private final Optional<OwnerVerticle<Banks>> banks;
    private final List<BindableService> services = new ArrayList<>();
    private final Scaling scaling;
    private BankPictures pictures = BankPictures.NONE;
    private final KedaRpc keda;

    /**
     * Deploys jobs and banks, which take over those of the past.
     *
     * @param open takes what is to be closed
     */
    CoordinatorServices(CloseStack open, Vertx vertx, Kept kept, Terms terms) {
        jobs =
                deployed(
                        open,
                        vertx,
                        new OwnerVerticle<>(
                                "simreg-coordinator", thread -> keeper(thread, kept, terms)));
        files = GrpcServer.fileThreads();
        open.add(
                () -> {
                    files.shutdown();
                    files.awaitTermination(5, TimeUnit.SECONDS);
                });
        banks = kept.banks.map(of -> banks(open, vertx, of, terms.limits.roots()));
        SamplesRpc samples =
                new SamplesRpc(
                        ReadGrants.of(this::readers).below(terms.limits.roots()),
                        VertxInstances.cache(),
                        READERS);
        open.add(samples::close);
        scaling = scaling(kept, terms);
        keda = new KedaRpc(scaling, jobs);
        Coordinator keeper = jobs.owned();
        services.addAll(
                List.of(
                        new ScaleRpc(scaling, jobs),
                        keda,
                        new JobsRpc(keeper, jobs),
                        new WorkersRpc(keeper, jobs, files),
                        samples));
        banks.ifPresent(by -> serve(by, kept.banks.orElseThrow()));
    }

    private static Coordinator keeper(OwnerVerticle<Coordinator> thread, Kept kept, Terms terms) {
        CoordinatorSettings setup =
                new CoordinatorSettings(
                        terms.version,
                        terms.base,
                        terms.times,
                        new SteadyClock(),
                        thread,
                        terms.limits,
                        terms.witness);
        Coordinator keeper = new Coordinator(setup, kept.store, kept.folders);
        keeper.start();
        thread.every(JOBS_TICK_MS, keeper::tick);
        return keeper;
    }

    private static <T extends AutoCloseable> OwnerVerticle<T> deployed(
            CloseStack open, Vertx vertx, OwnerVerticle<T> verticle) {
        String id = vertx.deployVerticle(verticle, verticle.options()).await();
        open.add(() -> vertx.undeploy(id).toCompletionStage().toCompletableFuture().join());
        return verticle;
    }

    private OwnerVerticle<Banks> banks(
            CloseStack open, Vertx vertx, BankSettings settings, Roots roots) {
        Context wire = vertx.getOrCreateContext();
        OwnerVerticle<Banks> verticle =
                deployed(
                        open,
                        vertx,
                        new OwnerVerticle<>(
                                "simreg-banks",
                                thread -> {
                                    Banks library =
                                            new Banks(
                                                    new Banks.Setup(
                                                            settings.home,
                                                            VertxInstances.cache(),
                                                            thread,
                                                            files,
                                                            ForkJoinPool.commonPool(),
                                                            settings.publishing,
                                                            roots),
                                                    thread,
                                                    new EventBusSearchWorkers(wire, thread));
                                    library.start();
                                    thread.every(BANKS_TICK_MS, library::tick);
                                    return library;
                                }));
        whenWorkersChange(
                workers -> {
                    List<SearchWorkers.Worker> able = searchWorkers(workers);
                    verticle.execute(() -> verticle.owned().attend(able));
                });
        return verticle;
    }

    private Scaling scaling(Kept kept, Terms terms) {
        Coordinator keeper = jobs.owned();
        Scaling made =
                new Scaling(
                        terms.scale,
                        kept.bounds,
                        new Scaling.State(keeper::demands, keeper::attending),
                        jobs::now);
        jobs.execute(
                () -> {
                    keeper.whenChanged(workers -> made.refresh());
                    // Its delays run while nothing changes.
                    jobs.every(JOBS_TICK_MS, made::refresh);
                });
        return made;
    }

    private void serve(OwnerVerticle<Banks> library, BankSettings settings) {
        SearchRpc search =
                new SearchRpc(
                        library.owned(), library, ForkJoinPool.commonPool(), settings.answered());
        services.add(search);
        services.add(new ShardsRpc(library.owned(), library, files));
        pictures = new BankPictures(library.owned()::views, search::find, files);
    }

    /**
     * The settings of a coordinator.
     *
     * @param version of simreg
     * @param base what relative run folders are relative to
     * @param times how long who is waited for
     * @param limits what clients may ask for
     * @param witness sees every event of every job
     * @param scale how many workers there may be
     */
    record Terms(
            String version,
            Path base,
            CoordinatorSettings.Times times,
            CoordinatorSettings.Limits limits,
            JobObserver witness,
            ScaleSettings scale) {
        Terms(String version, Path base) {
            this(
                    version,
                    base,
                    CoordinatorSettings.Times.USUAL,
                    CoordinatorSettings.Limits.NONE,
                    JobObserver.NONE,
                    ScaleSettings.USUAL);
        }
    }

    /**
     * The stores that outlive the process.
     *
     * @param bounds of the number of workers, as they were set; empty: they end with it
     * @param banks of features; none: nothing is searched
     */
    record Kept(
            JobStore store,
            RunFiles.JobFolders folders,
            Optional<ScaleSettings.BoundsFile> bounds,
            Optional<BankSettings> banks) {
        Kept(JobStore store, RunFiles.JobFolders folders) {
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
     * @param home folder of theirs
     * @param publishing takes their records
     * @param answered takes how long searches took; any thread
     */
    record BankSettings(Path home, Banks.Publishing publishing, Consumer<Duration> answered) {}

    /** Finds pictures of the banks, for the page. */
    BankPictures pictures() {
        return pictures;
    }

    /** How many workers are wanted; any thread may ask. */
    int wanted() {
        return scaling.wanted();
    }

    List<BindableService> services() {
        return services;
    }

    /** Asks the keeper, on its thread. */
    <T> Future<T> ask(Function<Coordinator, T> question) {
        return jobs.call(question);
    }

    /** Runs a task with the jobs, on the keeper's thread. */
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
        Coordinator keeper = jobs.owned();
        jobs.execute(
                () -> {
                    keeper.whenChanged(listener);
                    listener.accept(keeper.workers().getWorkersList());
                });
    }

    /** Workers that answer searches. */
    private static List<SearchWorkers.Worker> searchWorkers(List<WorkerStatus> workers) {
        return workers.stream()
                .filter(one -> one.getState() != WorkerStatus.State.LEAVING)
                .filter(CoordinatorServices::searches)
                .map(
                        one ->
                                new SearchWorkers.Worker(
                                        one.getWorker(),
                                        one.getAddressesOrThrow(SearchServer.TRANSPORT),
                                        one.getBankBytes()))
                .toList();
    }

    private static boolean searches(WorkerStatus worker) {
        return worker.containsAddresses(SearchServer.TRANSPORT);
    }

    /** Those whose data workers may read: jobs, and banks as the jobs that would read the same. */
    private Collection<Job> readers() {
        List<Job> active =
                ask(Coordinator::active).toCompletionStage().toCompletableFuture().join();
        Stream<Job> makers =
                banks.stream()
                        .flatMap(by -> by.owned().views().stream())
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
    static RunFiles.JobFolders folders() {
        return new DiskRunFolders(
                (folder, shown, data) ->
                        RunReport.write(
                                folder,
                                shown.map(evaluation -> NeighborGrid.of(evaluation, data))));
    }
}
