package org.simreg.coordinator.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.coordinator.node.Protection;
import org.simreg.worker.tls.TlsFiles;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a coordinator is protected by. */
final class ProtectionOptions {
    @Mixin private TlsOptions tls;

    @Option(
            names = "--tls-client-ca",
            paramLabel = "FILE",
            description =
                    "Certificates in PEM that those of clients and workers must be signed by; without"
                            + " it they need none (default: none)")
    private Path clientCa;

    @Option(
            names = "--tokens",
            paramLabel = "FILE",
            description =
                    "Who may call what: lines ROLE SHA256-OF-TOKEN NAME, as 'simreg token' prints"
                            + " them; read again when it changes (default: none, everybody may do"
                            + " everything)")
    private Path tokens;

    /**
     * @throws org.simreg.proto.UserError if an option is wrong; no file is read yet
     */
    Protection read() {
        return new Protection(
                tls.files(clientCa).map(TlsFiles::requireIdentity), Optional.ofNullable(tokens));
    }
}
