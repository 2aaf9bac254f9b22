package org.simreg.coordinator.node;

import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.job.JobStore;
import org.simreg.coordinator.search.bank.Banks;
import org.simreg.coordinator.view.web.BankPictures;
import org.simreg.proto.Hello;
import org.simreg.proto.JobRecord;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.features.serve.SearchServer;
import org.simreg.worker.member.connection.WorkerVerticle;
import org.simreg.worker.member.generation.WorkerContext;
import org.simreg.worker.train.JobLoader;

/**
 * A cluster of one process: coordinator and worker in this JVM, which talk by gRPC as between
 * machines, but without a network.
 */
public final class EmbeddedNode implements AutoCloseable {
    private final CloseStack open = new CloseStack();
    private final Vertx vertx;
    private final String version;
    private final ApiClient client;
    private final boolean searches;
    private final BankPictures pictures;

    /**
     * Starts the coordinator.
     *
     * @param version of simreg
     */
    public EmbeddedNode(String version) {
        this(version, Optional.empty());
    }

    /**
     * Starts the coordinator.
     *
     * @param version of simreg
     * @param banks folder of the banks of features, made when the first is; none: it doesn't search
     */
    public EmbeddedNode(String version, Optional<Path> banks) {
        this.version = version;
        searches = banks.isPresent();
        vertx = VertxInstances.alone();
        open.add(VertxInstances.closing(vertx));
        try {
            CoordinatorServices services = new CoordinatorServices(
                    open,
                    vertx,
                    new CoordinatorServices.Stores(
                            new NoStore(),
                            CoordinatorServices.folders(Roots.ANYWHERE),
                            Optional.empty(),
                            banks.map(home -> new CoordinatorServices.BankSettings(
                                    home, Banks.Publishing.NOWHERE, duration -> {}))),
                    new CoordinatorServices.Settings(version, Path.of("").toAbsolutePath()));
            String name = "simreg-" + UUID.randomUUID();
            open.add(GrpcServer.inProcess(name, services.rpcs()));
            client = open.add(ApiClient.inProcess(name));
            pictures = services.pictures();
        } catch (RuntimeException e) {
            open.close();
            throw e;
        }
    }

    /** The search in the banks by pictures. */
    BankPictures pictures() {
        return pictures;
    }

    /** A connection to the coordinator; closed with this. */
    public ApiClient client() {
        return client;
    }

    /**
     * Starts the worker.
     *
     * @throws UserError if there is no such device
     */
    public void work(WorkerSettings settings) {
        ComputeDevice computing = ComputeDevice.on(settings);
        Hello.Builder identity = Hello.newBuilder()
                .setWorker("here")
                .setIncarnation(UUID.randomUUID().toString())
                .setVersion(version)
                .setProfile(computing.profile())
                .setDevice(computing.device())
                // Always alone, it needs no transport.
                .putAddresses("netty", "in this process")
                .putAddresses("eventbus", "in this process");
        Supplier<Runnable> deviceTaken = () -> () -> {};
        if (searches) {
            SearchServer.Settings serving = SearchServer.Settings.of(settings);
            SearchServer search = open.add(new SearchServer(vertx, client.channel(), serving, device -> {}));
            identity.putAddresses(SearchServer.TRANSPORT, search.address());
            identity.setBankBytes(serving.memory());
            deviceTaken = search::leaveDevice;
        }
        WorkerContext.Jobs jobs = WorkerContext.Jobs.marked(
                JobLoader.opener(settings, deviceTaken), settings.cache().resolve("decoding"));
        jobs.marks().ifPresent(open::add);
        WorkerVerticle worker =
                new WorkerVerticle(identity.build(), jobs, Map.of(), client.channel(), WorkerContext.Observer.NONE);
        String id = vertx.deployVerticle(worker).await();
        open.add(() ->
                vertx.undeploy(id).toCompletionStage().toCompletableFuture().join());
    }

    @Override
    public void close() {
        open.close();
    }

    /** A store that keeps nothing: the run folder is what is kept, and nobody comes back here. */
    private static final class NoStore implements JobStore {
        @Override
        public Collection<JobRecord> load() {
            return List.of();
        }

        @Override
        public void save(JobRecord record) {}

        @Override
        public void close() {}
    }
}
