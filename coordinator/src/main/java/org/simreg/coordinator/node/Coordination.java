package org.simreg.coordinator.node;

import io.grpc.BindableService;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.simreg.coordinator.api.ApiServer;
import org.simreg.coordinator.api.Grants;
import org.simreg.coordinator.api.JobDesk;
import org.simreg.coordinator.api.JobsRpc;
import org.simreg.coordinator.api.SamplesRpc;
import org.simreg.coordinator.api.WorkersRpc;
import org.simreg.coordinator.cluster.CoordinatorVerticle;
import org.simreg.coordinator.cluster.Keeper;
import org.simreg.coordinator.cluster.Setup;
import org.simreg.coordinator.cluster.Times;
import org.simreg.coordinator.cluster.Witness;
import org.simreg.coordinator.job.JobFolders;
import org.simreg.coordinator.job.JobStore;
import org.simreg.proto.Job;
import org.simreg.proto.ListWorkersResponse;

/** The keeper and the services in front of it, the same in every process that coordinates. */
final class Coordination {
    private static final int READERS = 2;

    private final CoordinatorVerticle verticle;
    private final List<BindableService> services;

    /**
     * Deploys the keeper, which takes over the jobs of the past.
     *
     * @param open takes what is to be closed
     */
    Coordination(Opened open, Vertx vertx, Kept kept, Terms terms) {
        verticle =
                new CoordinatorVerticle(
                        executor ->
                                new Keeper(
                                        new Setup(
                                                terms.version,
                                                terms.base,
                                                terms.times,
                                                System::currentTimeMillis,
                                                executor,
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
        SamplesRpc samples = new SamplesRpc(Grants.of(this::jobs), Nodes.cache(), READERS);
        open.add(samples::close);
        services =
                List.of(
                        new JobsRpc(verticle.keeper(), verticle::run),
                        new WorkersRpc(verticle.keeper(), verticle::run, files),
                        samples);
    }

    /**
     * What is settled before it begins.
     *
     * @param version of simreg
     * @param base what relative run folders are relative to
     * @param times how long who is waited for
     * @param witness sees every event of every job
     */
    record Terms(String version, Path base, Times times, Witness witness) {
        Terms(String version, Path base) {
            this(version, base, Times.USUAL, Witness.NONE);
        }
    }

    /** What outlives the process. */
    record Kept(JobStore store, JobFolders folders) {}

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

    /** Those whose data workers may read. */
    private Collection<Job> jobs() {
        return verticle.call(() -> verticle.keeper().active())
                .toCompletionStage()
                .toCompletableFuture()
                .join();
    }
}
