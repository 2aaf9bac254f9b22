package org.simreg.worker.base.net;

import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/** A listening channel of Netty that closes connections beyond a bound before anything reads them. */
public final class BoundedServerChannel extends NioServerSocketChannel {
    /** Refused connections that are still open, so that their last words arrive. */
    private static final int MOST_LEAVING = 8;

    private static final long LEAVING_MS = 500;

    private final ConnectionBound bound;
    private final Function<String, byte[]> lastWords;
    private final Consumer<ChannelPipeline> first;
    private int leaving;

    /**
     * @param lastWords what is sent to who is refused, by the reason; may be nothing
     */
    public BoundedServerChannel(ConnectionBound bound, Function<String, byte[]> lastWords) {
        this(bound, lastWords, pipeline -> {});
    }

    /** A channel that hangs up without a word. */
    public BoundedServerChannel(ConnectionBound bound) {
        this(bound, reason -> new byte[0]);
    }

    /**
     * A channel that hangs up without a word.
     *
     * @param first adds the handlers that see a connection's bytes before all others
     */
    static BoundedServerChannel watched(ConnectionBound bound, Consumer<ChannelPipeline> first) {
        return new BoundedServerChannel(bound, reason -> new byte[0], first);
    }

    private BoundedServerChannel(
            ConnectionBound bound, Function<String, byte[]> lastWords, Consumer<ChannelPipeline> first) {
        this.bound = bound;
        this.lastWords = lastWords;
        this.first = first;
    }

    /** Takes one connection; 0 if none waits, or it was refused. */
    @Override
    protected int doReadMessages(List<Object> taken) throws Exception {
        SocketChannel socket = javaChannel().accept();
        if (socket == null) {
            return 0;
        }
        try {
            InetAddress from = ((InetSocketAddress) socket.getRemoteAddress()).getAddress();
            Optional<String> refusal = bound.admit(from);
            if (refusal.isPresent()) {
                refuse(socket, lastWords.apply(refusal.get()));
                return 0;
            }
            NioSocketChannel child = new NioSocketChannel(this, socket);
            first.accept(child.pipeline());
            child.closeFuture().addListener(closed -> bound.left(from));
            taken.add(child);
            return 1;
        } catch (IOException | RuntimeException e) {
            socket.close();
            return 0;
        }
    }

    private void refuse(SocketChannel socket, byte[] words) throws IOException {
        if (words.length == 0 || leaving >= MOST_LEAVING) {
            socket.close();
            return;
        }
        socket.configureBlocking(false);
        socket.write(ByteBuffer.wrap(words));
        socket.shutdownOutput();
        leaving++;
        eventLoop().schedule(() -> gone(socket), LEAVING_MS, TimeUnit.MILLISECONDS);
    }

    private Void gone(SocketChannel socket) throws IOException {
        leaving--;
        socket.close();
        return null;
    }
}
