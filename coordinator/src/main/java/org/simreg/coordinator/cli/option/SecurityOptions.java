package org.simreg.coordinator.cli.option;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.grpc.client.ClientCredentials;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.node.ServerProtection;
import org.simreg.proto.Roots;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Tls;
import org.simreg.worker.base.tls.TlsFiles;
import picocli.CommandLine.Option;

/** Options for a process's certificates in PEM; subclasses add those of a client and a server. */
public abstract class SecurityOptions {
    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "Certificate of this process in PEM, then those that lead to its CA; read again"
                    + " when it changes, as the others (default: the environment's"
                    + " SIMREG_TLS_CERT, else none)")
    private Path cert;

    @Option(
            names = "--tls-key",
            paramLabel = "FILE",
            description = "Private key of --tls-cert in PEM, not encrypted (default: the environment's"
                    + " SIMREG_TLS_KEY, else none)")
    private Path key;

    @Option(
            names = "--tls-ca",
            paramLabel = "FILE",
            description = "Certificates in PEM that those of the others must be signed by: with it"
                    + " connections are TLS (default: the environment's SIMREG_TLS_CA, else"
                    + " none)")
    private Path ca;

    private SecurityOptions() {}

    /**
     * @param clientCa null if clients aren't asked for certificates
     * @return none if no file is named
     * @throws UserError if one is missing beside others
     */
    Optional<TlsFiles> files(Path clientCa) {
        return TlsFiles.of(
                named(cert, "SIMREG_TLS_CERT"), named(key, "SIMREG_TLS_KEY"), named(ca, "SIMREG_TLS_CA"), clientCa);
    }

    private static Path named(Path option, String variable) {
        String text = System.getenv(variable);
        return option == null && text != null && !text.isBlank() ? Path.of(text) : option;
    }

    /** Options for the credentials of a client or worker: certificates and token. */
    public static final class ClientSecurity extends SecurityOptions {
        private static final String VARIABLE = "SIMREG_TOKEN";

        @Option(
                names = "--token-file",
                paramLabel = "FILE",
                description = "File with the token that the coordinator knows this caller by; read again"
                        + " when it changes (default: the token in the environment's "
                        + VARIABLE
                        + ", else none)")
        private Path tokenFile;

        /**
         * Reads the files.
         *
         * @throws UserError naming the one that is wrong
         */
        ClientCredentials read() {
            return of(files(null));
        }

        /** As {@link #read} for a worker, which others connect to: a certificate is required. */
        public ClientCredentials readOfServer() {
            return of(files(null).map(TlsFiles::requireIdentity));
        }

        private ClientCredentials of(Optional<TlsFiles> files) {
            Optional<ClientCredentials.Token> token = token();
            return new ClientCredentials(files.map(Tls::of), token);
        }

        private Optional<ClientCredentials.Token> token() {
            if (tokenFile != null) {
                return Optional.of(ClientCredentials.Token.in(tokenFile));
            }
            return Optional.ofNullable(System.getenv(VARIABLE))
                    .filter(text -> !text.isBlank())
                    .map(text -> ClientCredentials.Token.of(text, VARIABLE));
        }
    }

    /**
     * Options for the protection of a coordinator: certificates, tokens, roots, length of its
     * queue.
     */
    public static final class ServerSecurity extends SecurityOptions {
        private static final int LONGEST_QUEUE = 1_000_000;

        @Option(
                names = "--tls-client-ca",
                paramLabel = "FILE",
                description = "Certificates in PEM that those of clients and workers must be signed by;"
                        + " without it they need none (default: none)")
        private Path clientCa;

        @Option(
                names = "--tokens",
                paramLabel = "FILE",
                description = "Who may call what: lines ROLE SHA256-OF-TOKEN NAME, as 'simreg token'"
                        + " prints them; read again when it changes (default: none,"
                        + " everybody may do everything)")
        private Path tokens;

        @Option(
                names = "--root",
                paramLabel = "DIR",
                description = "Folder, or s3://BUCKET/PREFIX, below which data, weights and run folders of jobs must"
                        + " lie, wherever symbolic links lead; repeat for several (default: none,"
                        + " anywhere)")
        private List<String> roots = List.of();

        @Option(
                names = "--max-queue",
                paramLabel = "N",
                defaultValue = "10000",
                description = "Most jobs that have not ended, 1 to 1000000; more are refused (default:" + " 10000)")
        private int maxQueue;

        /**
         * @throws UserError if an option is wrong; no file is read yet
         */
        public ServerProtection read() {
            return new ServerProtection(
                    files(clientCa).map(TlsFiles::requireIdentity),
                    Optional.ofNullable(tokens),
                    new CoordinatorSettings.Limits(Roots.parse(roots), queue()));
        }

        private int queue() {
            if (maxQueue < 1 || maxQueue > LONGEST_QUEUE) {
                String bounds = "; choose 1 to " + LONGEST_QUEUE;
                throw new UserError("--max-queue: " + maxQueue + " is out of bounds" + bounds);
            }
            return maxQueue;
        }
    }
}
