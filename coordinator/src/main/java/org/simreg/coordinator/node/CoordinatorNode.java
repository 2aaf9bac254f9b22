package org.simreg.coordinator.node;

import com.hazelcast.core.HazelcastInstance;
import io.grpc.Channel;
import io.vertx.core.Vertx;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.access.Gate;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.run.folder.TimedRunFolders;
import org.simreg.coordinator.store.JournaledJobs;
import org.simreg.coordinator.store.PublishedCheck;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;
import org.simreg.coordinator.store.hazelcast.HazelcastJobs;
import org.simreg.coordinator.store.hazelcast.HazelcastRecords;
import org.simreg.coordinator.view.observe.TrackedStore;
import org.simreg.coordinator.view.web.WebServer;
import org.simreg.proto.UserError;
import org.simreg.proto.WorkerStatus;
import org.simreg.worker.base.tls.Tls;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A coordinator process: jobs and banks of a home, a gRPC server, a member of the cluster. */
public final class CoordinatorNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CoordinatorNode.class);

    private final CloseStack open = new CloseStack();
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private final GrpcServer server;
    private final Optional<WebServer> web;

    /**
     * The settings of a coordinator process.
     *
     * @param listen address that gRPC listens on, the cluster's host or every one
     * @param port for gRPC; 0 takes any that is free
     * @param home folder of the journal, and of run folders with relative names
     * @param version of simreg
     * @param cluster how the others find it
     * @param http where metrics, health and the page are served; empty: nowhere
     * @param scale how many workers there may be
     * @param protection certificates, tokens, limits
     */
    public record Settings(
            String listen,
            int port,
            Path home,
            String version,
            ClusterAddress cluster,
            Optional<HttpAddress> http,
            ScaleSettings scale,
            ServerProtection protection) {}

    /**
     * Where a process serves HTTP.
     *
     * @param names that requests may call it by, besides loopback names and addresses; the host's own
     *     is one
     * @param plain whether it is served without TLS although the process has certificates
     */
    public record HttpAddress(HostPort at, Set<String> names, boolean plain) {
        public HttpAddress {
            names = Set.copyOf(names);
        }

        /** The certificates that are used there, of those that the process has. */
        Optional<Tls> tls(Optional<Tls> known) {
            return plain ? Optional.empty() : known;
        }
    }

    /**
     * Takes over the jobs that the home knows, and serves.
     *
     * @throws UserError if home, port or cluster can't be had
     */
    public CoordinatorNode(Settings settings) {
        try {
            Optional<Gate> gate = settings.protection.gate();
            GrpcServer.Security security = settings.protection.security(gate);
            security.tls().ifPresent(open::add);
            HazelcastClusterManager manager = VertxInstances.manager(settings.cluster);
            Vertx vertx = VertxInstances.member(settings.cluster, manager, security.tls());
            open.add(VertxInstances.closing(vertx));
            HazelcastInstance member = manager.getHazelcastInstance();
            HazelcastJobs published = new HazelcastJobs(
                    member, new PublishedCheck(settings.protection.limits().roots())::refusal);
            TrackedStore store = open.add(new TrackedStore(JournaledJobs.open(settings.home, Optional.of(published))));
            CoordinatorObservability observability = open.add(new CoordinatorObservability());
            CoordinatorServices services = new CoordinatorServices(
                    open,
                    vertx,
                    new CoordinatorServices.Stores(
                            store,
                            new TimedRunFolders(CoordinatorServices.folders(
                                    settings.protection.limits().roots())),
                            Optional.of(
                                    new ScaleSettings.BoundsFile(settings.home.resolve(ScaleSettings.BoundsFile.NAME))),
                            Optional.of(new CoordinatorServices.BankSettings(
                                    settings.home.resolve("banks"),
                                    HazelcastRecords.banks(member)::publish,
                                    observability.meters().searches()::record))),
                    new CoordinatorServices.Settings(
                            settings.version,
                            settings.home,
                            CoordinatorSettings.Times.USUAL,
                            settings.protection.limits(),
                            observability.jobs(),
                            settings.scale));
            server = open.add(GrpcServer.listen(settings.listen, settings.port, services.rpcs(), security));
            observability.watch(vertx, services, store, member.getLifecycleService()::isRunning);
            observability.wanted(services::wanted);
            observability.search(services.pictures());
            CoordinatorObservability.Served served = new CoordinatorObservability.Served(
                    settings.version, server.port(), gate, security.tls(), acting(services, security));
            web = settings.http.map(at -> open.add(observability.serve(vertx, at, services, served)));
            observability.report(vertx, server);
            HazelcastRecords<WorkerStatus> registry = HazelcastRecords.workers(member);
            services.whenWorkersChange(workers -> registry.publishAll(byName(workers)));
            open.add(services::endStreams);
            ProcessWatch.watch(vertx, this::frozen);
            Rehearsal.begin(settings.version);
        } catch (RuntimeException e) {
            open.close();
            throw e;
        }
    }

    /** The way by which the page acts: the services within this JVM, behind the same gate. */
    private Channel acting(CoordinatorServices services, GrpcServer.Security security) {
        String name = "simreg-page-" + UUID.randomUUID();
        open.add(GrpcServer.inProcess(name, services.rpcs(), security));
        return open.add(ApiClient.inProcess(name)).channel();
    }

    /** Workers by name, without how long ago each was heard, which changes all the time. */
    private static Map<String, WorkerStatus> byName(List<WorkerStatus> workers) {
        Map<String, WorkerStatus> named = new TreeMap<>();
        workers.forEach(one ->
                named.put(one.getWorker(), one.toBuilder().clearSilentMs().build()));
        return named;
    }

    private void frozen(Duration gap) {
        LOG.error(
                "The coordinator stood still for {} s and is no longer in the cluster; it ends with exit code {} to be started again",
                String.format(Locale.ROOT, "%.1f", gap.toMillis() / 1e3),
                WorkerNode.AGAIN);
        ended.complete(WorkerNode.AGAIN);
    }

    /** The port that it serves on. */
    public int port() {
        return server.port();
    }

    /** The port that HTTP is served on; empty if none is. */
    public OptionalInt http() {
        return web.map(one -> OptionalInt.of(one.port())).orElse(OptionalInt.empty());
    }

    /** Asks the process to end: {@link #await} returns 0. Any thread. */
    public void stop() {
        ended.complete(0);
    }

    /**
     * Waits for {@link #stop}.
     *
     * @return exit code: 0, or {@value WorkerNode#AGAIN} if it is to be started again
     */
    public int await() {
        return ended.join();
    }

    @Override
    public void close() {
        open.close();
    }
}
