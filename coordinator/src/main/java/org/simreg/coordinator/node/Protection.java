package org.simreg.coordinator.node;

import io.grpc.ServerInterceptor;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.access.Gate;
import org.simreg.coordinator.api.ApiServer;
import org.simreg.coordinator.cluster.Limits;
import org.simreg.worker.tls.Tls;
import org.simreg.worker.tls.TlsFiles;

/**
 * The protection of a coordinator: certificates, tokens, limits.
 *
 * @param tls its certificates; none: plain text
 * @param tokens file of those who may call; none: everybody
 * @param limits what they may ask for
 */
public record Protection(Optional<TlsFiles> tls, Optional<Path> tokens, Limits limits) {
    /** Everybody may do everything. */
    public static final Protection NONE =
            new Protection(Optional.empty(), Optional.empty(), Limits.NONE);

    /**
     * Reads the tokens.
     *
     * @throws org.simreg.proto.UserError if the file is wrong
     */
    Optional<Gate> gate() {
        return tokens.map(Gate::by);
    }

    /**
     * Reads the certificates.
     *
     * @param gate what every call passes
     * @throws org.simreg.proto.UserError naming the file that is wrong
     */
    ApiServer.Security entrance(Optional<Gate> gate) {
        List<ServerInterceptor> gates = List.copyOf(gate.stream().toList());
        return new ApiServer.Security(tls.map(TlsFiles::requireIdentity).map(Tls::of), gates);
    }
}
