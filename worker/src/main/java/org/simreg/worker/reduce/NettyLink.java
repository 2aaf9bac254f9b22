package org.simreg.worker.reduce;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A connection that frames are sent on; its fields belong to its event loop. */
final class NettyLink implements Wire.Link {
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
        connecting.addListener(
                result -> {
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
    public void send(Head head, Payload payload) {
        int length = Head.BYTES + head.length();
        ByteBuf frame = PooledByteBufAllocator.DEFAULT.directBuffer(length, length);
        head.write(frame.nioBuffer(0, length), payload);
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
            broken.accept("the lanes of this worker are closed");
        }
    }
}
