package org.simreg.worker.base.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.vertx.core.transport.Transport;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The transport of a Vert.x instance whose servers, those of HTTP and of the event bus, take no more
 * connections than the process may have.
 */
public final class BoundedTransport implements Transport {
    private final AtomicLong unfinished = new AtomicLong();
    private volatile boolean plainBus;

    /**
     * @param plainBus whether the first server is an event bus without TLS, until {@link #joined}: the
     *     length of its messages is bounded, too
     */
    public BoundedTransport(boolean plainBus) {
        this.plainBus = plainBus;
    }

    /** The event bus listens; servers that come are others. */
    public void joined() {
        plainBus = false;
    }

    private BoundedServerChannel server() {
        long most = Math.max(MessageLengths.LARGEST, Runtime.getRuntime().maxMemory() / 8);
        return plainBus
                ? BoundedServerChannel.watched(
                        ConnectionBound.ofProcess(), pipeline -> pipeline.addLast(new MessageLengths(unfinished, most)))
                : new BoundedServerChannel(ConnectionBound.ofProcess());
    }

    @Override
    public String name() {
        return "nio";
    }

    @Override
    public boolean available() {
        return true;
    }

    @Override
    public Throwable unavailabilityCause() {
        return null;
    }

    @Override
    public io.vertx.core.spi.transport.Transport implementation() {
        return new Bounded();
    }

    /** Netty's families of addresses are old, and Vert.x's. */
    @SuppressWarnings("deprecation")
    private final class Bounded implements io.vertx.core.spi.transport.Transport {
        @Override
        public IoHandlerFactory ioHandlerFactory() {
            return NioIoHandler.newFactory();
        }

        @Override
        public DatagramChannel datagramChannel(InternetProtocolFamily family) {
            return new NioDatagramChannel(family);
        }

        @Override
        public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
            return NioDatagramChannel::new;
        }

        @Override
        public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
            return NioSocketChannel::new;
        }

        @Override
        public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
            return BoundedTransport.this::server;
        }
    }
}
