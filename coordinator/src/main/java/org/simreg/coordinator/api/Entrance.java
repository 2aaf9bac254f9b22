package org.simreg.coordinator.api;

import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.TlsServerCredentials;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.tls.Tls;

/**
 * How calls come in.
 *
 * @param tls certificates; none: plain text
 * @param gates what every call passes, the last first
 */
public record Entrance(Optional<Tls> tls, List<ServerInterceptor> gates) {
    /** Everybody, in plain text. */
    public static final Entrance OPEN = new Entrance(Optional.empty(), List.of());

    ServerCredentials credentials() {
        return tls.map(Entrance::credentials).orElseGet(InsecureServerCredentials::create);
    }

    private static ServerCredentials credentials(Tls tls) {
        TlsServerCredentials.Builder builder =
                TlsServerCredentials.newBuilder().keyManager(tls.keys().orElseThrow());
        tls.clients()
                .ifPresent(
                        clients ->
                                builder.trustManager(clients)
                                        .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE));
        return builder.build();
    }
}
