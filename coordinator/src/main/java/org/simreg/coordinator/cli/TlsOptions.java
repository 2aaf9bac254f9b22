package org.simreg.coordinator.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.worker.tls.TlsFiles;
import picocli.CommandLine.Option;

/** The PEM files of a process. */
final class TlsOptions {
    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description =
                    "Certificate of this process in PEM, then those that lead to its CA; read again"
                            + " when it changes, as the others (default: the environment's"
                            + " SIMREG_TLS_CERT, else none)")
    private Path cert;

    @Option(
            names = "--tls-key",
            paramLabel = "FILE",
            description =
                    "Private key of --tls-cert in PEM, not encrypted (default: the environment's"
                            + " SIMREG_TLS_KEY, else none)")
    private Path key;

    @Option(
            names = "--tls-ca",
            paramLabel = "FILE",
            description =
                    "Certificates in PEM that those of the others must be signed by: with it"
                            + " connections are TLS (default: the environment's SIMREG_TLS_CA, else"
                            + " none)")
    private Path ca;

    /**
     * @param clientCa null if clients aren't asked for certificates
     * @return none if no file is named
     * @throws org.simreg.proto.UserError if one is missing beside others
     */
    Optional<TlsFiles> files(Path clientCa) {
        return TlsFiles.of(
                named(cert, "SIMREG_TLS_CERT"),
                named(key, "SIMREG_TLS_KEY"),
                named(ca, "SIMREG_TLS_CA"),
                clientCa);
    }

    private static Path named(Path option, String variable) {
        String text = System.getenv(variable);
        return option == null && text != null && !text.isBlank() ? Path.of(text) : option;
    }
}
