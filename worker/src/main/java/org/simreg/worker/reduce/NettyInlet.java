package org.simreg.worker.reduce;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection that frames come in on. What nobody wants is skipped without being kept. */
final class NettyInlet extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(NettyInlet.class);

    private final Wire.Inlet inlet;
    private final ByteBuf headBytes = Unpooled.buffer(Head.BYTES, Head.BYTES);
    private Head head;
    private ByteBuf frame;
    private int skipped;
    private boolean orderly;

    NettyInlet(Wire.Inlet inlet) {
        this.inlet = inlet;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            while (in.isReadable()) {
                read(context, in);
            }
        } finally {
            in.release();
        }
    }

    private void read(ChannelHandlerContext context, ByteBuf in) {
        if (skipped > 0) {
            int count = Math.min(skipped, in.readableBytes());
            in.skipBytes(count);
            skipped -= count;
        } else if (frame != null) {
            in.readBytes(frame, Math.min(frame.writableBytes(), in.readableBytes()));
            deliverIfWhole();
        } else {
            in.readBytes(headBytes, Math.min(headBytes.writableBytes(), in.readableBytes()));
            if (!headBytes.isWritable()) {
                begin(context, in);
            }
        }
    }

    private void begin(ChannelHandlerContext context, ByteBuf in) {
        Head read = Head.read(headBytes.nioBuffer());
        if (read == null) {
            LOG.warn(
                    "{} sent something that is no frame of gradients; its connection is closed",
                    context.channel().remoteAddress());
            in.skipBytes(in.readableBytes());
            context.close();
            return;
        }
        head = read;
        orderly = head.kind() == Head.Kind.END;
        if (inlet.wants(head)) {
            int length = Head.BYTES + head.length();
            frame = context.alloc().directBuffer(length, length);
            frame.writeBytes(headBytes);
            deliverIfWhole();
        } else {
            skipped = head.length();
        }
        headBytes.clear();
    }

    private void deliverIfWhole() {
        if (!frame.isWritable()) {
            ByteBuf whole = frame;
            frame = null;
            inlet.arrived(new Frame(head, whole.nioBuffer(), whole::release));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (frame != null) {
            frame.release();
            frame = null;
        }
        if (head != null && !orderly) {
            inlet.lost(head.key(), head.from(), "has closed its connection");
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof SslHandshakeCompletionEvent done && !done.isSuccess()) {
            boolean plain = done.cause() instanceof NotSslRecordException;
            LOG.warn(
                    "{} is shown out from the lanes: {}",
                    context.channel().remoteAddress(),
                    plain ? "it doesn't speak TLS" : done.cause().getMessage());
        }
        context.fireUserEventTriggered(event);
    }

    /** A reset connection; what follows is {@link #channelInactive}. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        LOG.debug("connection of {} broke", context.channel().remoteAddress(), cause);
        context.close();
    }
}
