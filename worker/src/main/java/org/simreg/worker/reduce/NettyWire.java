package org.simreg.worker.reduce;

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
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.simreg.proto.UserError;

/** Frames on TCP connections, one for each link. */
final class NettyWire implements Wire {
    /** A frame is 256 KiB then, which the allocator has a size for. */
    static final int CHUNK = (1 << 18) - 64;

    private static final int THREADS = 2;
    private static final int CONNECT_MS = 2000;
    private static final long CLOSE_SECONDS = 3;

    private final EventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(
                    THREADS,
                    new DefaultThreadFactory("simreg-lanes", true),
                    NioIoHandler.newFactory());
    private final String host;
    private final int port;
    private final int chunk;
    private final Optional<LaneTls> tls;
    private Channel server;
    private volatile boolean closing;

    /**
     * @param chunk most bytes of a payload
     */
    NettyWire(String host, int port, int chunk) {
        this(host, port, chunk, Optional.empty());
    }

    NettyWire(String host, int port, int chunk, Optional<LaneTls> tls) {
        this.tls = tls;
        this.host = host;
        this.port = port;
        this.chunk = chunk;
    }

    @Override
    public String address() {
        return host + ":" + ((InetSocketAddress) server.localAddress()).getPort();
    }

    @Override
    public int chunk() {
        return chunk;
    }

    @Override
    public void start(Inlet inlet) {
        ServerBootstrap bootstrap =
                new ServerBootstrap()
                        .group(loops)
                        .channel(NioServerSocketChannel.class)
                        .option(ChannelOption.SO_REUSEADDR, true)
                        .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
                        .childOption(
                                ChannelOption.RECVBUF_ALLOCATOR,
                                new AdaptiveRecvByteBufAllocator(4096, 65536, CHUNK + 64))
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        if (closing) {
                                            // Accepted so late that the loops won't close it.
                                            channel.close();
                                            return;
                                        }
                                        tls.map(with -> with.server(channel))
                                                .ifPresent(channel.pipeline()::addLast);
                                        channel.pipeline().addLast(new NettyInlet(inlet));
                                    }
                                });
        ChannelFuture bound = bootstrap.bind(host, port).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loops.shutdownGracefully();
            throw new UserError(
                    "can't listen for gradients on %s:%d: %s; choose another host or port"
                            .formatted(host, port, bound.cause().getMessage()));
        }
        server = bound.channel();
    }

    @Override
    public Link link(String peer, Consumer<String> broken) {
        int colon = peer.lastIndexOf(':');
        Bootstrap bootstrap =
                new Bootstrap()
                        .group(loops)
                        .channel(NioSocketChannel.class)
                        .option(ChannelOption.TCP_NODELAY, true)
                        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MS)
                        .handler(outlet());
        // Looked up here, on the line's thread: on an event loop everybody would wait for it.
        InetSocketAddress address =
                new InetSocketAddress(
                        peer.substring(0, colon), Integer.parseInt(peer.substring(colon + 1)));
        return new NettyLink(bootstrap.connect(address), broken);
    }

    private ChannelHandler outlet() {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                tls.map(with -> with.client(channel)).ifPresent(channel.pipeline()::addLast);
                channel.pipeline().addLast(new NettyOutlet());
            }
        };
    }

    @Override
    public void close() {
        closing = true;
        server.close();
        loops.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
