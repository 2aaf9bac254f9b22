package org.simreg.coordinator.node;

import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.JobObserver;
import org.simreg.coordinator.job.scale.ScaleService.Bounds;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.store.JournaledJobs;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.SubmitRequest;

/** A real coordinator and real workers in this JVM, whose trainings are toys. */
final class ToyCluster implements AutoCloseable {
    static final String VERSION = "toy";

    /** Times of a hurried coordinator: what takes seconds between machines takes tenths here. */
    private static final CoordinatorSettings.Times TIMES =
            new CoordinatorSettings.Times(50, 600, 700, 50, 20_000, 500, 100);

    private static final ScaleSettings SCALE = new ScaleSettings(new Bounds(0, 3), Duration.ofMillis(100));

    private final Path folder;
    private final Vertx vertx;
    private final String server = "toy-" + UUID.randomUUID();
    private final Map<String, ToyWorker> workers = new LinkedHashMap<>();
    private CloseStack coordinator;
    private ApiClient client;

    /**
     * @param vertx stays the caller's
     */
    ToyCluster(Path folder, Vertx vertx) {
        this.folder = folder;
        this.vertx = vertx;
        startCoordinator();
    }

    void startCoordinator() {
        coordinator = new CloseStack();
        CoordinatorServices.Stores stores = new CoordinatorServices.Stores(
                coordinator.add(JournaledJobs.open(folder.resolve("home"), Optional.empty())), new ToyFolders());
        CoordinatorServices services = new CoordinatorServices(
                coordinator,
                vertx,
                stores,
                new CoordinatorServices.Settings(
                        VERSION, folder, TIMES, CoordinatorSettings.Limits.NONE, JobObserver.NONE, SCALE));
        coordinator.add(GrpcServer.inProcess(server, services.rpcs()));
        client = coordinator.add(ApiClient.inProcess(server));
    }

    void stopCoordinator() {
        coordinator.close();
    }

    ToyWorker worker(String name, ToyWorker.Mischief script) {
        ToyWorker worker = new ToyWorker(vertx, server, name, script);
        workers.put(name, worker);
        return worker;
    }

    /** Those that are not dead. */
    List<ToyWorker> alive() {
        return workers.values().stream().filter(worker -> !worker.dead()).toList();
    }

    JobStatus submit(Job job) {
        return client.ask(
                jobs -> jobs.submit(SubmitRequest.newBuilder().setJob(job).build()));
    }

    JobStatus status(String job) {
        JobRequest request = JobRequest.newBuilder().setId(job).build();
        return client.ask(jobs -> jobs.get(request));
    }

    ApiClient client() {
        return client;
    }

    /** Asks until it holds. */
    JobStatus await(String job, Duration deadline, Predicate<JobStatus> holds) {
        long end = System.nanoTime() + deadline.toNanos();
        JobStatus status = status(job);
        while (!holds.test(status)) {
            if (System.nanoTime() > end) {
                throw new AssertionError("still so after %s: %s; workers %s"
                        .formatted(
                                deadline,
                                status,
                                client.ask(j -> j.listWorkers(ListWorkersRequest.getDefaultInstance()))));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            status = status(job);
        }
        return status;
    }

    @Override
    public void close() {
        workers.values().stream().map(ToyWorker::kill).toList().forEach(gone -> gone.join());
        coordinator.close();
    }
}
