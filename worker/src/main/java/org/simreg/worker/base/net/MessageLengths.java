package org.simreg.worker.base.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The handler of an incoming connection whose messages begin with their length in four bytes, as
 * those of Vert.x's event bus: hangs up where one is too long, or where the unfinished ones of all
 * connections take too much. It only looks at what passes.
 */
final class MessageLengths extends ChannelInboundHandlerAdapter {
    /** Largest message: a search's, or a part of gradients. */
    static final int LARGEST = 64 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(MessageLengths.class);
    private static final int LENGTH_BYTES = 4;

    private final AtomicLong unfinished;
    private final long most;
    private int lengthBytes;
    private int length;
    private long missing;
    private long held;

    /**
     * @param unfinished bytes that unfinished messages of all connections take
     * @param most bound of these
     */
    MessageLengths(AtomicLong unfinished, long most) {
        this.unfinished = unfinished;
        this.most = most;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof ByteBuf bytes && !isInBounds(bytes.duplicate())) {
            LOG.warn(
                    "{} has sent a message of {} bytes, of at most {}, or more unfinished ones than {} bytes; its connection is closed",
                    context.channel().remoteAddress(),
                    length,
                    LARGEST,
                    most);
            bytes.release();
            context.close();
            return;
        }
        context.fireChannelRead(message);
    }

    private boolean isInBounds(ByteBuf in) {
        while (in.isReadable()) {
            if (missing > 0) {
                int count = (int) Math.min(missing, in.readableBytes());
                in.skipBytes(count);
                missing -= count;
                hold(missing == 0 ? -held : count);
            } else {
                length = length << Byte.SIZE | in.readUnsignedByte();
                if (++lengthBytes == LENGTH_BYTES) {
                    if (length < 0 || length > LARGEST) {
                        return false;
                    }
                    missing = length;
                    lengthBytes = 0;
                    length = 0;
                }
            }
        }
        return held == 0 || unfinished.get() <= most;
    }

    private void hold(long more) {
        held += more;
        unfinished.addAndGet(more);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        hold(-held);
        context.fireChannelInactive();
    }
}
