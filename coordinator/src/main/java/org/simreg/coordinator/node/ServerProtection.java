package org.simreg.coordinator.node;

import io.grpc.ServerInterceptor;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.access.Gate;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.base.tls.TlsFiles;

/**
 * The protection of a coordinator against its clients: certificates, tokens, limits.
 *
 * @param tls its certificates; none: plain text
 * @param tokens file of those who may call; none: everybody
 * @param limits what they may ask for
 */
public record ServerProtection(Optional<TlsFiles> tls, Optional<Path> tokens, CoordinatorSettings.Limits limits) {
    /** Everybody may do everything. */
    public static final ServerProtection NONE =
            new ServerProtection(Optional.empty(), Optional.empty(), CoordinatorSettings.Limits.NONE);

    /**
     * Reads the tokens.
     *
     * @throws UserError if the file is wrong
     */
    Optional<Gate> gate() {
        return tokens.map(Gate::by);
    }

    /**
     * Reads the certificates.
     *
     * @param gate that every call passes; empty: everybody may call
     * @throws UserError naming the file that is wrong
     */
    GrpcServer.Security security(Optional<Gate> gate) {
        List<ServerInterceptor> gates = List.copyOf(gate.stream().toList());
        return new GrpcServer.Security(tls.map(TlsFiles::requireIdentity).map(Tls::of), gates);
    }
}
