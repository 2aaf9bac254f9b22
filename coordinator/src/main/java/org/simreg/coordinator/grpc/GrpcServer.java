package org.simreg.coordinator.grpc;

import io.grpc.BindableService;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.TlsServerCredentials;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.simreg.coordinator.grpc.bounds.Farewell;
import org.simreg.coordinator.grpc.bounds.InboundBounds;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.net.BoundedServerChannel;
import org.simreg.worker.base.net.ConnectionBound;
import org.simreg.worker.base.net.ListenHost;
import org.simreg.worker.base.tls.Tls;

/**
 * The coordinator's gRPC server: the given services with health and reflection, on a port or within
 * this JVM. On a port requests are bounded ({@link InboundBounds}), and more than a thousand calls at
 * a time on one connection wait.
 */
public final class GrpcServer implements AutoCloseable {
    /** Largest message that any RPC takes, in bytes. */
    public static final int LARGEST_REQUEST = InboundBounds.LARGEST;

    /**
     * The logger of gRPC, silenced: it logs a stack trace for a message too large or a client gone.
     * Kept here, as loggers are referred to weakly.
     */
    private static final Logger GRPC = Logger.getLogger("io.grpc.netty");

    /** Calls at a time on one connection; a worker reads by some dozens. */
    private static final int MOST_CALLS = 1000;

    /** After which a connection without a handshake is closed. */
    private static final int HANDSHAKE_SECONDS = 20;

    /** After which a connection without a call is closed; clients open it again by themselves. */
    private static final Duration UNUSED = Duration.ofSeconds(60);

    private static final int THREADS = 4;
    private static final int LOOPS = 2;
    private static final Duration IDLE = Duration.ofSeconds(30);
    private static final Duration GRACE = Duration.ofMillis(500);
    private static final Duration BREAK_OFF = Duration.ofSeconds(5);

    private final HealthStatusManager health = new HealthStatusManager();
    private final Optional<InboundBounds> bounds;
    private final ExecutorService threads = threads("simreg-api");
    private final Optional<EventLoopGroup> loops;
    private final Server server;

    /**
     * The protection of a server: certificates, and interceptors that admit or refuse calls.
     *
     * @param tls certificates; none: plain text
     * @param interceptors what every call passes, the last first
     */
    public record Security(Optional<Tls> tls, List<ServerInterceptor> interceptors) {
        /** No protection: plain text, and everybody may call everything. */
        public static final Security NONE = new Security(Optional.empty(), List.of());

        ServerCredentials credentials() {
            return tls.map(Security::credentials).orElseGet(InsecureServerCredentials::create);
        }

        private static ServerCredentials credentials(Tls tls) {
            TlsServerCredentials.Builder builder =
                    TlsServerCredentials.newBuilder().keyManager(tls.keys().orElseThrow());
            tls.clients()
                    .ifPresent(clients ->
                            builder.trustManager(clients).clientAuth(TlsServerCredentials.ClientAuth.REQUIRE));
            return builder.build();
        }
    }

    private GrpcServer(
            ServerBuilder<?> builder,
            List<? extends BindableService> services,
            Optional<InboundBounds> bounds,
            Optional<EventLoopGroup> loops)
            throws IOException {
        GRPC.setLevel(Level.SEVERE);
        this.bounds = bounds;
        this.loops = loops;
        services.forEach(service -> serve(builder, service));
        add(builder, health.getHealthService());
        addReflection(builder);
        // The last that is added is passed first.
        bounds.ifPresent(one -> builder.intercept(one.admission()));
        server = builder.executor(threads).build();
        try {
            server.start();
        } catch (IOException e) {
            closeThreads();
            throw e;
        }
    }

    /**
     * Serves on a port.
     *
     * @param host address to bind to; "0.0.0.0" is every one of this machine
     * @param port 0 takes any that is free
     * @throws UserError if the port can't be had
     */
    public static GrpcServer listen(String host, int port, List<? extends BindableService> services) {
        return listen(host, port, services, Security.NONE);
    }

    /**
     * Serves on a port.
     *
     * @param host address to bind to; "0.0.0.0" is every one of this machine
     * @param port 0 takes any that is free
     * @param security certificates and interceptors
     * @throws UserError if the port can't be had
     */
    public static GrpcServer listen(
            String host, int port, List<? extends BindableService> services, Security security) {
        InetSocketAddress address = new InetSocketAddress(ListenHost.of(host), port);
        if (address.isUnresolved()) {
            String way = " is known to no name server; name this machine's address with --host";
            throw new UserError("Can't listen on " + host + ":" + port + ": the host" + way);
        }
        NettyServerBuilder builder = NettyServerBuilder.forAddress(address, security.credentials())
                .keepAliveTime(20, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .handshakeTimeout(HANDSHAKE_SECONDS, TimeUnit.SECONDS)
                .maxConnectionIdle(UNUSED.toSeconds(), TimeUnit.SECONDS)
                .maxConcurrentCallsPerConnection(MOST_CALLS);
        InboundBounds bounds = new InboundBounds();
        bounds.apply(builder);
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(
                LOOPS, new DefaultThreadFactory("simreg-api-net", true), NioIoHandler.newFactory());
        boolean plain = security.tls().isEmpty();
        builder.bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops)
                .channelFactory(() -> new BoundedServerChannel(
                        ConnectionBound.ofProcess(), reason -> plain ? Farewell.goAway(reason) : new byte[0]));
        security.interceptors().forEach(builder::intercept);
        try {
            return new GrpcServer(builder, services, Optional.of(bounds), Optional.of(loops));
        } catch (IOException e) {
            String why = e.getCause() == null ? e.getMessage() : e.getCause().getMessage();
            String way = "; choose another with --host and --port";
            throw new UserError("Can't listen on " + host + ":" + port + ": " + why + way, e);
        }
    }

    /**
     * Serves clients within this JVM, without a network.
     *
     * @param name that clients use, unique in this JVM
     */
    public static GrpcServer inProcess(String name, List<? extends BindableService> services) {
        return inProcess(name, services, Security.NONE);
    }

    /** The same, with interceptors that every call passes; certificates play no part. */
    public static GrpcServer inProcess(String name, List<? extends BindableService> services, Security security) {
        try {
            InProcessServerBuilder builder =
                    InProcessServerBuilder.forName(name).maxInboundMessageSize(LARGEST_REQUEST);
            security.interceptors().forEach(builder::intercept);
            return new GrpcServer(builder, services, Optional.empty(), Optional.empty());
        } catch (IOException e) {
            throw new IllegalStateException("the in-process name " + name + " is taken", e);
        }
    }

    /**
     * @return the port that is listened on; -1 within the JVM
     */
    public int port() {
        return server.getPort();
    }

    /**
     * Tells clients of the health service; after {@link #close} nothing changes any more.
     *
     * @param component a name of the health service; "" stands for all
     */
    public void health(String component, boolean up) {
        health.setStatus(component, up ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
    }

    /**
     * Takes no new calls, gives those under way half a second, then breaks them off: streams live
     * until then, and their clients find out that the coordinator is away.
     */
    @Override
    public void close() {
        if (server.isShutdown()) {
            return;
        }
        health.enterTerminalState();
        server.shutdown();
        try {
            if (!server.awaitTermination(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
                server.shutdownNow();
                server.awaitTermination(BREAK_OFF.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            server.shutdownNow();
            Thread.currentThread().interrupt();
        }
        closeThreads();
    }

    private void closeThreads() {
        threads.shutdown();
        bounds.ifPresent(InboundBounds::close);
        loops.ifPresent(group -> group.shutdownGracefully(0, BREAK_OFF.toMillis(), TimeUnit.MILLISECONDS));
    }

    private void serve(ServerBuilder<?> builder, BindableService service) {
        add(builder, service);
        String name = service.bindService().getServiceDescriptor().getName();
        health.setStatus(name, ServingStatus.SERVING);
    }

    private void add(ServerBuilder<?> builder, BindableService service) {
        builder.addService(bounds.map(one -> one.bounded(service)).orElseGet(service::bindService));
    }

    /** Older tools speak v1alpha only. */
    @SuppressWarnings("deprecation")
    private void addReflection(ServerBuilder<?> builder) {
        add(builder, ProtoReflectionServiceV1.newInstance());
        add(builder, io.grpc.protobuf.services.ProtoReflectionService.newInstance());
    }

    private static ExecutorService threads(String name) {
        return NamedThreads.pool(NamedThreads.numbered(name), THREADS, IDLE);
    }
}
