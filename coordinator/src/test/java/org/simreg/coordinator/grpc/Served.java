package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.simreg.coordinator.control.FakeJobService;
import org.simreg.coordinator.control.FakeWorkerService;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.concurrent.WatchedPool;

/**
 * The services {@code Jobs} and {@code Workers} with fakes behind a real server, on a port of this
 * machine or in this JVM.
 */
public final class Served implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    public final FakeJobService jobs;
    final FakeWorkerService workers = new FakeWorkerService();
    public final GrpcServer server;
    public final String name = UUID.randomUUID().toString();
    final ManagedChannel channel;
    private final ExecutorService coordinator = Executors.newSingleThreadExecutor();
    private final WatchedPool paths = new WatchedPool("simreg-paths", 2, Duration.ofMillis(200));
    private final ExecutorService files = NamedThreads.numbered("simreg-files", 4);

    private Served(FakeJobService jobs, boolean network, int port) {
        this(jobs, network, port, GrpcServer.Security.NONE);
    }

    private Served(FakeJobService jobs, boolean network, int port, GrpcServer.Security security) {
        this.jobs = jobs;
        List<BindableService> services =
                List.of(new JobsRpc(jobs, coordinator, paths), new WorkersRpc(workers, coordinator, files));
        server = network
                ? GrpcServer.listen("localhost", port, services, security)
                : GrpcServer.inProcess(name, services);
        channel = network
                ? NettyChannelBuilder.forAddress("localhost", server.port())
                        .usePlaintext()
                        .build()
                : InProcessChannelBuilder.forName(name).build();
    }

    public static Served onPort() {
        return new Served(new FakeJobService(), true, 0);
    }

    /** On a port, with this protection. */
    public static Served behind(GrpcServer.Security security) {
        return new Served(new FakeJobService(), true, 0, security);
    }

    public static Served inProcess() {
        return new Served(new FakeJobService(), false, 0);
    }

    /** Another coordinator on the port of one that is closed. */
    public static Served again(FakeJobService jobs, int port) {
        return new Served(jobs, true, port);
    }

    /** Begins something on the coordinator's thread. */
    <T> Future<T> begin(Callable<T> task) {
        return coordinator.submit(task);
    }

    /** Does something on the coordinator's thread. */
    public <T> T call(Callable<T> task) throws Exception {
        return begin(task).get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    }

    public void run(Runnable task) throws Exception {
        call(Executors.callable(task));
    }

    /** Waits until something holds, asked on the coordinator's thread. */
    public void await(String what, BooleanSupplier condition) throws Exception {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!call(condition::getAsBoolean)) {
            assertTrue(System.nanoTime() < deadline, "never " + what);
            Thread.onSpinWait();
        }
    }

    static <T> T soon(CompletableFuture<T> future) throws Exception {
        return future.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        channel.shutdownNow();
        server.close();
        coordinator.shutdown();
        paths.close();
        files.shutdown();
        try {
            // What its streams still have to say of their end is not for the next owner's time.
            assertTrue(coordinator.awaitTermination(TIMEOUT.toSeconds(), TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
