package org.simreg.worker.reduce;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import javax.net.ssl.SSLException;
import org.simreg.worker.tls.Tls;

/**
 * TLS on lanes. Each end asks for the other's certificate. Names in certificates are not compared:
 * workers connect to each other by addresses that come and go, which the coordinator gives out.
 */
final class LaneTls {
    private final SslContext server;
    private final SslContext client;

    LaneTls(Tls tls) {
        try {
            server =
                    SslContextBuilder.forServer(tls.keys().orElseThrow())
                            .trustManager(tls.peers())
                            .clientAuth(ClientAuth.REQUIRE)
                            .sslProvider(SslProvider.JDK)
                            .build();
            client =
                    SslContextBuilder.forClient()
                            .keyManager(tls.keys().orElseThrow())
                            .trustManager(tls.peers())
                            .endpointIdentificationAlgorithm("")
                            .sslProvider(SslProvider.JDK)
                            .build();
        } catch (SSLException e) {
            throw new IllegalStateException("this Java has no TLS", e);
        }
    }

    ChannelHandler server(Channel channel) {
        return server.newHandler(channel.alloc());
    }

    ChannelHandler client(Channel channel) {
        return client.newHandler(channel.alloc());
    }
}
