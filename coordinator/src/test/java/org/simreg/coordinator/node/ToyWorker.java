package org.simreg.coordinator.node;

import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.simreg.proto.Hello;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.wire.EventBusWire;
import org.simreg.worker.exchange.wire.NettyWire;
import org.simreg.worker.member.connection.WorkerVerticle;

/** A worker in this JVM that can be killed or frozen, also by itself at a point of its script. */
final class ToyWorker {
    private final Vertx vertx;
    private final FaultyStream stream;
    private final ManagedChannel channel;
    private final Map<String, PeerTransport> transports;
    private final WorkerVerticle verticle;
    private final CompletableFuture<String> deployment = new CompletableFuture<>();
    private CompletableFuture<Void> gone;

    /** The error that stops a killed worker's step thread where it is. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    /**
     * @param server name of the coordinator's server in this JVM
     * @param script of failures; it may kill or freeze the worker it is given
     */
    ToyWorker(Vertx vertx, String server, String name, Mischief script) {
        this(vertx, InProcessChannelBuilder.forName(server).build(), name, script);
    }

    /** Starts a worker of a coordinator that listens on a port of this machine. */
    static ToyWorker at(Vertx vertx, int port, String name, Mischief script) {
        ManagedChannel channel = ManagedChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .build();
        return new ToyWorker(vertx, channel, name, script);
    }

    private ToyWorker(Vertx vertx, ManagedChannel channel, String name, Mischief script) {
        this.vertx = vertx;
        this.channel = channel;
        stream = new FaultyStream(() -> script.breaksAtMeasurement(this));
        transports = Map.of(
                "netty", NettyWire.transport("127.0.0.1", 0),
                "eventbus", EventBusWire.transport(vertx));
        Hello identity = Hello.newBuilder()
                .setWorker(name)
                .setIncarnation(UUID.randomUUID().toString())
                .setVersion(ToyCluster.VERSION)
                .setProfile("toy")
                .setDevice("toy")
                .build();
        verticle = new WorkerVerticle(
                identity,
                (job, notices) -> ToyJob.open(job, (point, step) -> at(script, point, step)),
                transports,
                ClientInterceptors.intercept(channel, stream));
        // Its script may kill it before it is known here as deployed.
        vertx.deployVerticle(verticle).onComplete(deployment::complete, deployment::completeExceptionally);
        deployment.join();
    }

    /** A script of failures that may kill or freeze the worker which calls it. */
    interface Mischief {
        void at(ToyWorker worker, ToyJob.Point point, long step);

        /** Whether the coordinator gets neither a measurement nor what follows it on that stream. */
        default boolean breaksAtMeasurement(ToyWorker worker) {
            return false;
        }
    }

    private void at(Mischief script, ToyJob.Point point, long step) {
        stream.holdWhileFrozen();
        if (stream.dead()) {
            throw new Killed();
        }
        script.at(this, point, step);
        stream.holdWhileFrozen();
        if (stream.dead()) {
            throw new Killed();
        }
    }

    /** Bytes to other workers. */
    long sent() {
        return transports.values().stream().mapToLong(PeerTransport::sent).sum();
    }

    /** Bytes from other workers. */
    long received() {
        return transports.values().stream().mapToLong(PeerTransport::received).sum();
    }

    /** Cuts it off from everybody; any thread may call this. */
    synchronized CompletableFuture<Void> kill() {
        if (gone == null) {
            stream.kill();
            channel.shutdownNow();
            gone = CompletableFuture.runAsync(this::close);
        }
        return gone;
    }

    void freeze() {
        stream.freeze();
    }

    void wake() {
        stream.wake();
    }

    boolean dead() {
        return stream.dead();
    }

    /** Asks to leave; done when it has left. */
    CompletableFuture<Void> leave() {
        verticle.leave(Duration.ofMinutes(1));
        return verticle.left().toCompletionStage().toCompletableFuture().thenCompose(l -> kill());
    }

    private void close() {
        transports.values().forEach(PeerTransport::close);
        vertx.undeploy(deployment.join())
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        try {
            channel.awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
