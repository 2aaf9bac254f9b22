package org.simreg.coordinator.node;

import io.grpc.BindableService;
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
import org.simreg.coordinator.api.ApiServer;
import org.simreg.coordinator.api.Grants;
import org.simreg.coordinator.api.JobDesk;
import org.simreg.coordinator.api.JobsRpc;
import org.simreg.coordinator.api.KedaRpc;
import org.simreg.coordinator.api.SamplesRpc;
import org.simreg.coordinator.api.ScaleRpc;
import org.simreg.coordinator.api.SearchRpc;
import org.simreg.coordinator.api.ShardsRpc;
import org.simreg.coordinator.api.WorkersRpc;
import org.simreg.coordinator.cluster.CoordinatorVerticle;
import org.simreg.coordinator.cluster.Keeper;
import org.simreg.coordinator.cluster.Limits;
import org.simreg.coordinator.cluster.Setup;
import org.simreg.coordinator.cluster.Times;
import org.simreg.coordinator.cluster.Witness;
import org.simreg.coordinator.job.JobFolders;
import org.simreg.coordinator.job.JobStore;
import org.simreg.coordinator.scale.BoundsFile;
import org.simreg.coordinator.scale.ScaleSettings;
import org.simreg.coordinator.scale.Scaling;
import org.simreg.coordinator.search.Library;
import org.simreg.coordinator.search.SearchVerticle;
import org.simreg.coordinator.search.Worker;
import org.simreg.proto.ImageSource;
import org.simreg.proto.Job;
import org.simreg.proto.ListWorkersResponse;
import org.simreg.proto.Roots;
import org.simreg.proto.WorkerStatus;
import org.simreg.worker.serve.SearchServer;

/** The keeper and the services in front of it, the same in every process that coordinates. */
final class Coordination {
    private static final int READERS = 2;

    private final CoordinatorVerticle verticle;
    private final Optional<SearchVerticle> search;
    private final List<BindableService> services;
    private final Scaling scaling;
    private BankPictures pictures = BankPictures.NONE;
    private final KedaRpc keda;

    /**
     * Deploys the keeper, which takes over the jobs of the past.
     *
     * @param open takes what is to be closed
     */
    Coordination(Opened open, Vertx vertx, Kept kept, Terms terms) {
        SteadyClock clock = new SteadyClock();
        verticle =
                new CoordinatorVerticle(
                        executor ->
                                new Keeper(
                                        new Setup(
                                                terms.version,
                                                terms.base,
                                                terms.times,
                                                clock,
                                                executor,
                                                terms.limits,
                                                terms.witness),
                                        kept.store,
                                        kept.folders));
        String id = vertx.deployVerticle(verticle, CoordinatorVerticle.options()).await();
        open.add(() -> vertx.undeploy(id).toCompletionStage().toCompletableFuture().join());
        ExecutorService files = ApiServer.fileThreads();
        open.add(
                () -> {
                    files.shutdown();
                    files.awaitTermination(5, TimeUnit.SECONDS);
                });
        search = kept.banks.map(banks -> library(open, vertx, files, banks, terms.limits.roots()));
        SamplesRpc samples =
                new SamplesRpc(
                        Grants.of(this::readers).below(terms.limits.roots()),
                        Nodes.cache(),
                        READERS);
        open.add(samples::close);
        Keeper keeper = verticle.keeper();
        scaling =
                new Scaling(
                        terms.scale,
                        kept.bounds,
                        new Scaling.State(keeper::demands, keeper::attending),
                        () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
        verticle.run(() -> keeper.whenChanged(scaling::refresh));
        keda = new KedaRpc(scaling, verticle::run);
        services =
                new ArrayList<>(
                        List.of(
                                new ScaleRpc(scaling, verticle::run),
                                keda,
                                new JobsRpc(verticle.keeper(), verticle::run),
                                new WorkersRpc(verticle.keeper(), verticle::run, files),
                                samples));
        search.ifPresent(
                by -> {
                    SearchRpc found =
                            new SearchRpc(
                                    by.library(),
                                    by::run,
                                    ForkJoinPool.commonPool(),
                                    kept.banks.orElseThrow().answered());
                    services.add(found);
                    pictures = new BankPictures(by.library()::views, found::find, files);
                    services.add(new ShardsRpc(by.library(), by::run, files));
                });
    }

    private SearchVerticle library(
            Opened open, Vertx vertx, ExecutorService files, Banks banks, Roots roots) {
        SearchVerticle library =
                new SearchVerticle(
                        executor ->
                                new Library.Setup(
                                        banks.home,
                                        Nodes.cache(),
                                        executor,
                                        files,
                                        banks.publishing,
                                        roots),
                        this::searchers,
                        vertx.getOrCreateContext());
        String id = vertx.deployVerticle(library, SearchVerticle.options()).await();
        open.add(() -> vertx.undeploy(id).toCompletionStage().toCompletableFuture().join());
        return library;
    }

    /**
     * What is settled before it begins.
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
            Times times,
            Limits limits,
            Witness witness,
            ScaleSettings scale) {
        Terms(String version, Path base) {
            this(version, base, Times.USUAL, Limits.NONE, Witness.NONE, ScaleSettings.USUAL);
        }
    }

    /**
     * What outlives the process.
     *
     * @param bounds of the number of workers, as they were set; empty: they end with it
     * @param banks of features; none: nothing is searched
     */
    record Kept(
            JobStore store,
            JobFolders folders,
            Optional<BoundsFile> bounds,
            Optional<Banks> banks) {
        Kept(JobStore store, JobFolders folders) {
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
     * Banks of features.
     *
     * @param home folder of theirs
     * @param publishing takes their records
     * @param answered takes how long searches took; any thread
     */
    record Banks(Path home, Library.Publishing publishing, Consumer<Duration> answered) {}

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

    /** Everyone who attends. */
    Future<ListWorkersResponse> workers() {
        return ask(Keeper::workers);
    }

    /** Asks the keeper, on its thread. */
    <T> Future<T> ask(Function<Keeper, T> question) {
        return verticle.call(() -> question.apply(verticle.keeper()));
    }

    /** Runs a task with the jobs, on the keeper's thread. */
    void jobs(Consumer<JobDesk> task) {
        verticle.run(() -> task.accept(verticle.keeper()));
    }

    /** Workers that answer searches. */
    private Future<List<Worker>> searchers() {
        return workers()
                .map(
                        all ->
                                all.getWorkersList().stream()
                                        .filter(one -> one.getState() != WorkerStatus.State.LEAVING)
                                        .filter(Coordination::searches)
                                        .map(
                                                one ->
                                                        new Worker(
                                                                one.getWorker(),
                                                                one.getAddressesOrThrow(
                                                                        SearchServer.TRANSPORT),
                                                                one.getBankBytes()))
                                        .toList());
    }

    private static boolean searches(WorkerStatus worker) {
        return worker.containsAddresses(SearchServer.TRANSPORT);
    }

    /** Those whose data workers may read: jobs, and banks as the jobs that would read the same. */
    private Collection<Job> readers() {
        List<Job> jobs =
                verticle.call(() -> verticle.keeper().active())
                        .toCompletionStage()
                        .toCompletableFuture()
                        .join();
        Stream<Job> banks =
                search.stream()
                        .flatMap(by -> by.library().views().stream())
                        .flatMap(bank -> bank.images().stream())
                        .map(Coordination::reader);
        return Stream.concat(jobs.stream(), banks).toList();
    }

    private static Job reader(ImageSource images) {
        Job.Builder job = Job.newBuilder().setDataset(images.getDataset());
        job.addTeachersBuilder().setSource(images.getWeights());
        return job.build();
    }
}
