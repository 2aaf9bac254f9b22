package org.simreg.worker.reduce;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What comes back on a connection that frames are sent on: nothing but the reason of its end. */
final class NettyOutlet extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(NettyOutlet.class);

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof SslHandshakeCompletionEvent done && !done.isSuccess()) {
            LOG.warn(
                    "No lane to {}: TLS failed: {}; look at --tls-cert and --tls-ca of both workers",
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
