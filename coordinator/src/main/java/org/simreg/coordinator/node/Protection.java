package org.simreg.coordinator.node;

import io.grpc.ServerInterceptor;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.access.Gate;
import org.simreg.coordinator.api.Entrance;
import org.simreg.coordinator.cluster.Limits;
import org.simreg.worker.tls.Tls;
import org.simreg.worker.tls.TlsFiles;

/**
 * What a coordinator is protected by.
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
     * Reads the files.
     *
     * @throws org.simreg.proto.UserError naming the one that is wrong
     */
    Entrance entrance() {
        List<ServerInterceptor> gates =
                tokens.<List<ServerInterceptor>>map(file -> List.of(Gate.by(file)))
                        .orElse(List.of());
        return new Entrance(tls.map(TlsFiles::requireIdentity).map(Tls::of), gates);
    }
}
