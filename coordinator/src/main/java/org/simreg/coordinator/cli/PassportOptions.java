package org.simreg.coordinator.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.coordinator.client.Passport;
import org.simreg.coordinator.client.Token;
import org.simreg.worker.tls.Tls;
import org.simreg.worker.tls.TlsFiles;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** By what a client or worker shows the coordinator who it is. */
final class PassportOptions {
    private static final String VARIABLE = "SIMREG_TOKEN";

    @Mixin private TlsOptions tls;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description =
                    "File with the token that the coordinator knows this caller by; read again when"
                            + " it changes (default: the token in the environment's "
                            + VARIABLE
                            + ", else none)")
    private Path tokenFile;

    /**
     * Reads the files.
     *
     * @throws org.simreg.proto.UserError naming the one that is wrong
     */
    Passport read() {
        return of(tls.files(null));
    }

    /** For a worker, which others connect to. */
    Passport readOfServer() {
        return of(tls.files(null).map(TlsFiles::requireIdentity));
    }

    private Passport of(Optional<TlsFiles> files) {
        Optional<Token> token = token();
        return new Passport(files.map(Tls::of), token);
    }

    private Optional<Token> token() {
        if (tokenFile != null) {
            return Optional.of(Token.in(tokenFile));
        }
        return Optional.ofNullable(System.getenv(VARIABLE))
                .filter(text -> !text.isBlank())
                .map(text -> Token.of(text, VARIABLE));
    }
}
