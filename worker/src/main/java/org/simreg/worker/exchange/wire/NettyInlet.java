package org.simreg.worker.exchange.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import org.simreg.worker.exchange.mesh.Frame;
import org.simreg.worker.exchange.mesh.FrameHeader;
import org.simreg.worker.exchange.mesh.FrameWire;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The handler of an incoming connection: cuts its bytes into frames. A frame that nobody wants is
 * skipped without being kept. A connection has no more memory than twice what it has sent, whatever length a header
 * claims.
 */
final class NettyInlet extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(NettyInlet.class);

    private final FrameWire.Inlet inlet;
    private final ByteBuf headerBytes = Unpooled.buffer(FrameHeader.BYTES, FrameHeader.BYTES);
    private FrameHeader header;
    private ByteBuf frame;
    private int skipped;
    private long kept;
    private boolean orderly;

    NettyInlet(FrameWire.Inlet inlet) {
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
            frame.writeBytes(in, Math.min(frame.maxWritableBytes(), in.readableBytes()));
            deliverIfWhole();
        } else {
            in.readBytes(headerBytes, Math.min(headerBytes.writableBytes(), in.readableBytes()));
            if (!headerBytes.isWritable()) {
                begin(context, in);
            }
        }
    }

    private void begin(ChannelHandlerContext context, ByteBuf in) {
        FrameHeader read = FrameHeader.read(headerBytes.nioBuffer());
        if (read == null) {
            LOG.warn(
                    "{} sent something that is no frame of gradients; its connection is closed",
                    context.channel().remoteAddress());
            in.skipBytes(in.readableBytes());
            context.close();
            return;
        }
        header = read;
        orderly = header.kind() == FrameHeader.Kind.END;
        if (inlet.wants(header)) {
            int length = header.frameBytes();
            // Whole at once for who has sent as much before; else it grows with what arrives.
            long arrived = Math.max(kept, FrameHeader.BYTES + in.readableBytes());
            frame = context.alloc().directBuffer((int) Math.min(length, arrived), length);
            frame.writeBytes(headerBytes);
            deliverIfWhole();
        } else {
            skipped = header.length();
        }
        headerBytes.clear();
    }

    private void deliverIfWhole() {
        if (frame.maxWritableBytes() == 0) {
            ByteBuf whole = frame;
            kept += whole.capacity();
            frame = null;
            inlet.arrived(new Frame(header, whole.nioBuffer(), whole::release));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (frame != null) {
            frame.release();
            frame = null;
        }
        if (header != null && !orderly) {
            inlet.lost(header.key(), header.from(), "has closed its connection");
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof SslHandshakeCompletionEvent done && !done.isSuccess()) {
            boolean plain = done.cause() instanceof NotSslRecordException;
            LOG.warn(
                    "{} is shown out: {}",
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
