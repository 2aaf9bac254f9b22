package org.simreg.worker.exchange.wire;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.simreg.proto.UserError;
import org.simreg.worker.base.net.BoundedServerChannel;
import org.simreg.worker.base.net.ConnectionBound;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.exchange.mesh.FrameWire;
import org.simreg.worker.exchange.mesh.PeerTransport;

/**
 * A wire of TCP connections with direct buffers: one connection a direction, peer and use, made
 * when a generation begins. With certificates both ends prove that they belong to the cluster;
 * without, the port belongs in a private network.
 */
public final class NettyWire implements FrameWire {
    /** A frame is 256 KiB then, which the allocator has a size for. */
    private static final int CHUNK = (1 << 18) - 64;

    private static final int THREADS = 2;
    private static final int CONNECT_MS = 2000;
    private static final long CLOSE_SECONDS = 3;

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(
            THREADS, new DefaultThreadFactory("simreg-wire", true), NioIoHandler.newFactory());

    /** All that are open. One that is made after the end is closed at once. */
    private final ChannelGroup channels = new DefaultChannelGroup(loops.next(), true);

    private final String host;
    private final int port;
    private final int chunk;
    private final Optional<TlsContexts> tls;
    private Channel server;

    /**
     * @param chunk most bytes of a payload
     */
    public NettyWire(String host, int port, int chunk) {
        this(host, port, chunk, Optional.empty());
    }

    private NettyWire(String host, int port, int chunk, Optional<Tls> tls) {
        this.tls = tls.map(TlsContexts::of);
        this.host = host;
        this.port = port;
        this.chunk = chunk;
    }

    /** A transport without TLS, as {@link #transport(String, int, Optional)}. */
    public static PeerTransport transport(String host, int port) {
        return transport(host, port, Optional.empty());
    }

    /**
     * A transport that listens.
     *
     * @param host name or address of this machine, for listening and for others to connect to
     * @param port 0 for any
     * @param tls certificates of this process and of those that it trusts; none: no TLS
     * @throws UserError if it can't listen there
     */
    public static PeerTransport transport(String host, int port, Optional<Tls> tls) {
        return new PeerTransport(new NettyWire(host, port, CHUNK, tls));
    }

    @Override
    public String address() {
        String shown = host.contains(":") ? "[" + host + "]" : host;
        return shown + ":" + ((InetSocketAddress) server.localAddress()).getPort();
    }

    @Override
    public int chunk() {
        return chunk;
    }

    @Override
    public void start(Inlet inlet) {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(loops)
                .channelFactory(() -> new BoundedServerChannel(ConnectionBound.ofProcess()))
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, new AdaptiveRecvByteBufAllocator(4096, 65536, CHUNK + 64))
                .childHandler(initializer(channel -> serve(channel, inlet)));
        ChannelFuture bound = bootstrap.bind(host, port).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loops.shutdownGracefully();
            throw new UserError("can't listen for gradients on %s:%d: %s; choose another host or port"
                    .formatted(host, port, bound.cause().getMessage()));
        }
        server = bound.channel();
    }

    private void serve(Channel channel, Inlet inlet) {
        tls.map(with -> with.server.newHandler(channel.alloc())).ifPresent(channel.pipeline()::addLast);
        channel.pipeline().addLast(new NettyInlet(inlet));
    }

    @Override
    public Link link(String peer, Consumer<String> broken) {
        int colon = peer.lastIndexOf(':');
        Bootstrap bootstrap = new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MS)
                .handler(initializer(this::connect));
        // Looked up here, on the mesh's thread: on an event loop everybody would wait for it.
        InetSocketAddress address = new InetSocketAddress(
                unbracketed(peer.substring(0, colon)), Integer.parseInt(peer.substring(colon + 1)));
        return new NettyLink(bootstrap.connect(address), broken);
    }

    private static String unbracketed(String host) {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private void connect(Channel channel) {
        tls.map(with -> with.client.newHandler(channel.alloc())).ifPresent(channel.pipeline()::addLast);
        channel.pipeline().addLast(new NettyLink.Replies());
    }

    private ChannelHandler initializer(Consumer<Channel> task) {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channels.add(channel);
                task.accept(channel);
            }
        };
    }

    @Override
    public void close() {
        server.close();
        // The loops don't close channels if they end while they have other tasks to do.
        channels.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        loops.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }

    /**
     * The TLS contexts of both ends of a connection; each asks for the other's certificate. Names
     * in certificates are not compared: workers connect to each other by addresses that come and
     * go, which the coordinator gives out.
     */
    private record TlsContexts(SslContext server, SslContext client) {
        static TlsContexts of(Tls tls) {
            try {
                SslContextBuilder server =
                        SslContextBuilder.forServer(tls.keys().orElseThrow());
                SslContextBuilder client = SslContextBuilder.forClient()
                        .keyManager(tls.keys().orElseThrow())
                        .endpointIdentificationAlgorithm("");
                return new TlsContexts(context(server.clientAuth(ClientAuth.REQUIRE), tls), context(client, tls));
            } catch (SSLException e) {
                throw new IllegalStateException("this Java has no TLS", e);
            }
        }

        private static SslContext context(SslContextBuilder builder, Tls tls) throws SSLException {
            return builder.trustManager(tls.peers())
                    .sslProvider(SslProvider.JDK)
                    .build();
        }
    }
}
