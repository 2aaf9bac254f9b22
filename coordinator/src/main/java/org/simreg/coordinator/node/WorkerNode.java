package org.simreg.coordinator.node;

import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;
import org.simreg.coordinator.view.observe.Health;
import org.simreg.coordinator.view.observe.Meters;
import org.simreg.coordinator.view.observe.WorkerMeters;
import org.simreg.coordinator.view.web.OpsRoutes;
import org.simreg.coordinator.view.web.WebServer;
import org.simreg.proto.Hello;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.BrokenDevice;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.data.cache.CacheSpace;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.data.storage.remote.RemoteStorage;
import org.simreg.worker.engine.torch.Gpus;
import org.simreg.worker.engine.torch.LibtorchFailure;
import org.simreg.worker.engine.torch.ProcessExit;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.wire.EventBusWire;
import org.simreg.worker.exchange.wire.NettyWire;
import org.simreg.worker.features.serve.SearchServer;
import org.simreg.worker.member.connection.WorkerVerticle;
import org.simreg.worker.member.generation.WorkerContext;
import org.simreg.worker.train.JobLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker process: libtorch, transports to other workers, search server, member of the cluster.
 */
public final class WorkerNode implements AutoCloseable {
    /** Exit code of a process that was frozen, or whose GPU is broken, and is to be started again. */
    public static final int AGAIN = 75;

    /** What the JVM takes to end, mostly. */
    public static final Duration ENDS = Duration.ofSeconds(2);

    /** What a signal takes to be heard, and the system to clear a process away, on a busy machine. */
    private static final Duration CLEARED = Duration.ofSeconds(1);

    private static final Logger LOG = LoggerFactory.getLogger(WorkerNode.class);

    private final CloseStack open = new CloseStack();
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private final Gpus.Place device;
    private final DeviceFaults faults;
    private final WorkerVerticle verticle;

    /**
     * The settings of a worker process.
     *
     * @param name unique in the cluster
     * @param version of simreg, the same as the coordinator's
     * @param machine device, threads, folders
     * @param cluster how it finds the others
     * @param teachers most frozen teachers of a job that it holds, as it only helps; 0: it can be a member
     * @param http where metrics and health are served; empty: nowhere
     */
    public record Settings(
            String name,
            String version,
            Machine machine,
            int teachers,
            ClusterAddress cluster,
            Optional<CoordinatorNode.HttpAddress> http) {}

    /**
     * The device, threads and folders that a worker uses.
     *
     * @param device {@code auto}, {@code cpu} or {@code cuda:N}
     * @param threads of libtorch on the CPU
     * @param decodeThreads that decode and augment
     * @param roots below which files of jobs must lie to be seen
     * @param torchscript whether TorchScript files from outside may be run
     * @param cache folder of copies and indexes, with its space
     */
    public record Machine(
            String device, int threads, int decodeThreads, Roots roots, boolean torchscript, CacheSpace cache) {}

    /**
     * Joins the cluster and attends at the coordinator.
     *
     * @param coordinator the connection to it, whose certificates are used towards other workers
     *     too; closed with this
     * @throws BrokenDevice if the GPU is broken: the process is to end with {@value #AGAIN}
     * @throws UserError if device, ports or cluster can't be had
     */
    public WorkerNode(Settings settings, ApiClient coordinator) {
        open.add(coordinator);
        device = placed(settings.machine.device);
        Path folder = settings.machine.cache.folder().resolve("devices");
        faults = new DeviceFaults(folder, device.place(), Clock.systemUTC());
        try {
            WorkerSettings training = training(settings.machine, coordinator);
            Optional<String> leftOut = faults.objection(device.device());
            leftOut.ifPresent(LOG::error);
            String profile =
                    leftOut.isPresent() ? "" : ComputeDevice.on(training).profile();
            Optional<Tls> tls = coordinator.tls();
            Vertx vertx = VertxInstances.member(settings.cluster, VertxInstances.manager(settings.cluster), tls);
            open.add(VertxInstances.closing(vertx));
            Observability observability = open.add(new Observability());
            Map<String, PeerTransport> transports = new LinkedHashMap<>();
            String host = settings.cluster.host();
            transports.put("netty", open.add(NettyWire.transport(host, 0, tls)));
            transports.put("eventbus", open.add(EventBusWire.transport(vertx)));
            Hello.Builder identity = Hello.newBuilder()
                    .setWorker(settings.name)
                    .setIncarnation(UUID.randomUUID().toString())
                    .setVersion(settings.version)
                    .setProfile(profile)
                    .setDevice(device.device())
                    .setTeachers(settings.teachers)
                    .setLeftOut(leftOut.orElse(""));
            Supplier<Runnable> deviceTaken = () -> () -> {};
            if (leftOut.isEmpty()) {
                SearchServer.Settings serving = SearchServer.Settings.of(training);
                SearchServer search =
                        open.add(new SearchServer(vertx, coordinator.channel(), serving, ended::completeExceptionally));
                identity.putAddresses(SearchServer.TRANSPORT, search.address()).setBankBytes(serving.memory());
                deviceTaken = search::leaveDevice;
            }
            WorkerContext.Jobs jobs = WorkerContext.Jobs.marked(
                    JobLoader.opener(training, deviceTaken), training.cache().resolve("decoding"));
            jobs.marks().ifPresent(open::add);
            verticle = new WorkerVerticle(
                    identity.build(), jobs, transports, coordinator.channel(), observability.observer());
            String id = vertx.deployVerticle(verticle).await();
            open.add(() ->
                    vertx.undeploy(id).toCompletionStage().toCompletableFuture().join());
            verticle.left().onComplete(left -> {
                if (left.succeeded()) {
                    ended.complete(0);
                } else {
                    ended.completeExceptionally(left.cause());
                }
            });
            settings.http.ifPresent(at -> open.add(observability.serve(vertx, at, tls, transports)));
            ProcessWatch.watch(vertx, gap -> frozen(settings.name, gap));
        } catch (RuntimeException e) {
            open.close();
            throw noted(e);
        }
    }

    private Gpus.Place placed(String name) {
        try {
            return Gpus.here().place(name);
        } catch (RuntimeException e) {
            open.close();
            throw e;
        }
    }

    private WorkerSettings training(Machine machine, ApiClient coordinator) {
        RemoteStorage storage =
                open.add(new RemoteStorage(coordinator.channel(), new RemoteStorage.Settings(machine.cache)));
        return new WorkerSettings(
                machine.device,
                machine.threads,
                machine.decodeThreads,
                machine.cache.folder(),
                Optional.of(storage),
                machine.roots,
                machine.torchscript,
                machine.cache);
    }

    private void frozen(String name, Duration gap) {
        LOG.error(
                "{} stood still for {} s and is no longer in the cluster; it ends with exit code {} to be started again",
                name,
                String.format(Locale.ROOT, "%.1f", gap.toMillis() / 1e3),
                AGAIN);
        ended.complete(AGAIN);
    }

    /**
     * Asks to leave at the end of a step, and ends this process when the time is over, whatever it does; any thread.
     *
     * @param within how long this process lives on, at least 3 s; a step that would take most of it is abandoned
     */
    public void leave(Duration within) {
        ProcessExit.within(within.minus(CLEARED));
        verticle.leave(within.minus(ENDS));
    }

    /**
     * The names of this machine's GPUs, as {@code --device} takes them; loads libtorch.
     *
     * @throws UserError if there is none, with the reason
     */
    public static List<String> gpus() {
        return Gpus.here().all();
    }

    /**
     * Waits until the worker has left.
     *
     * @return exit code: 0, or {@value #AGAIN} if it is to be started again
     * @throws BrokenDevice if its GPU is broken: the process is to end with {@value #AGAIN}
     * @throws UserError if the coordinator refused it for good
     */
    public int await() {
        try {
            return ended.join();
        } catch (CompletionException e) {
            throw noted(e.getCause() instanceof RuntimeException cause ? cause : e);
        }
    }

    /** The same failure; that of a broken device as one, and counted. */
    private RuntimeException noted(RuntimeException failure) {
        if (LibtorchFailure.explained(failure) instanceof BrokenDevice broken) {
            faults.add(broken.fault());
            return broken;
        }
        return failure;
    }

    @Override
    public void close() {
        open.close();
    }

    /** The metrics and health of a worker, served by HTTP. */
    static final class Observability implements AutoCloseable {
        private final Meters meters = new Meters();
        private final WorkerMeters worker = new WorkerMeters(meters);
        private final Health health = new Health().ready("coordinator", this::away);

        /** The observer that counts what the worker does. */
        WorkerContext.Observer observer() {
            return worker;
        }

        private Optional<String> away() {
            return worker.attends() ? Optional.empty() : Optional.of("this worker does not attend at the coordinator");
        }

        /** Serves HTTP; everything is open by now. */
        WebServer serve(
                Vertx vertx, CoordinatorNode.HttpAddress at, Optional<Tls> tls, Map<String, PeerTransport> transports) {
            worker.transports(transports);
            health.started();
            return WebServer.listen(
                    vertx,
                    at.at(),
                    at.names(),
                    at.tls(tls),
                    router -> OpsRoutes.route(vertx, router, meters::scrape, health));
        }

        @Override
        public void close() {
            meters.close();
        }
    }
}
