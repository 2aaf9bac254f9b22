package org.simreg.worker.exchange.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.FrameWire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An outgoing TCP connection that frames are sent on; its fields belong to its event loop. */
final class NettyLink implements FrameWire.Link {
    private static final Logger LOG = LoggerFactory.getLogger(NettyLink.class);

    /** How long what was sent may take after the end. */
    private static final long LAST_SECONDS = 2;

    private final Channel channel;
    private final Consumer<String> broken;
    private final Deque<ByteBuf> early = new ArrayDeque<>();
    private boolean connected;
    private boolean ended;

    NettyLink(ChannelFuture connecting, Consumer<String> broken) {
        channel = connecting.channel();
        this.broken = broken;
        connecting.addListener(result -> {
            if (result.isSuccess()) {
                connected();
            } else {
                end(result.cause().getMessage());
            }
        });
        channel.closeFuture().addListener(result -> end("the connection broke"));
    }

    private void connected() {
        connected = true;
        early.forEach(channel::write);
        early.clear();
        channel.flush();
    }

    private void end(String why) {
        early.forEach(ByteBuf::release);
        early.clear();
        if (!ended) {
            ended = true;
            broken.accept(why);
        }
    }

    @Override
    public void send(FrameHeader header, Frame.Payload payload) {
        int length = header.frameBytes();
        ByteBuf frame = PooledByteBufAllocator.DEFAULT.directBuffer(length, length);
        header.write(frame.nioBuffer(0, length), payload);
        frame.writerIndex(length);
        onLoop(() -> write(frame), frame::release);
    }

    private void write(ByteBuf frame) {
        if (ended) {
            frame.release();
        } else if (connected) {
            channel.writeAndFlush(frame);
        } else {
            early.add(frame);
        }
    }

    @Override
    public void close() {
        onLoop(this::endAfterTheLast, () -> {});
    }

    private void endAfterTheLast() {
        if (ended) {
            return;
        }
        ended = true;
        if (connected) {
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            channel.eventLoop().schedule(() -> channel.close(), LAST_SECONDS, TimeUnit.SECONDS);
        } else {
            channel.close();
        }
    }

    private void onLoop(Runnable task, Runnable refused) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException e) {
            refused.run();
            broken.accept("the connections of this worker are closed");
        }
    }

    /** The handler of incoming events on an outgoing connection: only the reason why it ends. */
    static final class Replies extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof SslHandshakeCompletionEvent done && !done.isSuccess()) {
                LOG.warn(
                        "No connection to {}: TLS failed: {}; look at --tls-cert and --tls-ca of both workers",
                        context.channel().remoteAddress(),
                        done.cause().getMessage());
            }
            context.fireUserEventTriggered(event);
        }

        /** A reset connection, or what was said above; its end is told by the channel. */
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            LOG.debug("connection to {} broke", context.channel().remoteAddress(), cause);
            context.close();
        }
    }
}
