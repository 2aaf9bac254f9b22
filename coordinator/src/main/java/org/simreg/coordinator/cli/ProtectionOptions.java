package org.simreg.coordinator.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.cluster.Limits;
import org.simreg.coordinator.node.Protection;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.tls.TlsFiles;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a coordinator is protected by. */
final class ProtectionOptions {
    private static final int LONGEST_QUEUE = 1_000_000;

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

    @Option(
            names = "--root",
            paramLabel = "DIR",
            description =
                    "Folder below which data, weights and run folders of jobs must lie, wherever"
                            + " symbolic links lead; repeat for several (default: none, anywhere)")
    private List<Path> roots = List.of();

    @Option(
            names = "--max-queue",
            paramLabel = "N",
            defaultValue = "10000",
            description =
                    "Most jobs that have not ended, 1 to 1000000; more are refused (default: 10000)")
    private int maxQueue;

    /**
     * @throws org.simreg.proto.UserError if an option is wrong; no file is read yet
     */
    Protection read() {
        return new Protection(
                tls.files(clientCa).map(TlsFiles::requireIdentity),
                Optional.ofNullable(tokens),
                new Limits(Roots.of(roots), queue()));
    }

    private int queue() {
        if (maxQueue < 1 || maxQueue > LONGEST_QUEUE) {
            String bounds = "; choose 1 to " + LONGEST_QUEUE;
            throw new UserError("--max-queue: " + maxQueue + " is out of bounds" + bounds);
        }
        return maxQueue;
    }
}
