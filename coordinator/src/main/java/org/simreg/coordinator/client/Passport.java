package org.simreg.coordinator.client;

import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.tls.Tls;

/**
 * A client's credentials: certificates and token.
 *
 * @param tls certificates; none: plain text
 * @param token what goes with every call; none: nothing
 */
public record Passport(Optional<Tls> tls, Optional<Token> token) implements AutoCloseable {
    /** Plain text, no token. */
    public static final Passport NONE = new Passport(Optional.empty(), Optional.empty());

    ChannelCredentials credentials() {
        return tls.map(Passport::credentials).orElseGet(InsecureChannelCredentials::create);
    }

    private static ChannelCredentials credentials(Tls tls) {
        TlsChannelCredentials.Builder builder =
                TlsChannelCredentials.newBuilder().trustManager(tls.peers());
        tls.keys().ifPresent(builder::keyManager);
        return builder.build();
    }

    List<ClientInterceptor> interceptors() {
        return token.<List<ClientInterceptor>>map(List::of).orElse(List.of());
    }

    @Override
    public void close() {
        tls.ifPresent(Tls::close);
    }
}
