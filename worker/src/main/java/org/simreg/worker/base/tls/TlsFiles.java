package org.simreg.worker.base.tls;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.proto.UserError;

/**
 * The PEM files that a process was told to use for TLS.
 *
 * @param identity certificate and key of the process itself; none: it can't prove who it is
 * @param ca certificates that the other end's must be signed by
 * @param clientCa certificates that clients' must be signed by; none: clients aren't asked for any
 */
public record TlsFiles(Optional<Identity> identity, Path ca, Optional<Path> clientCa) {
    /**
     * The certificate of the process itself.
     *
     * @param cert certificate first, then those that lead to its CA
     * @param key its private key, not encrypted: PKCS#8, or PKCS#1 for RSA
     */
    public record Identity(Path cert, Path key) {}

    /**
     * Checks which files are named; none is read.
     *
     * @param cert null if not named, as the others
     * @return none if no file is named
     * @throws UserError if one is missing beside others
     */
    public static Optional<TlsFiles> of(Path cert, Path key, Path ca, Path clientCa) {
        if ((cert == null) != (key == null)) {
            throw new UserError("--tls-cert and --tls-key belong together; name %s too"
                    .formatted(cert == null ? "--tls-cert" : "--tls-key"));
        }
        if (ca == null) {
            if (cert != null || clientCa != null) {
                throw new UserError("TLS needs --tls-ca too, the certificates that the other end's must be signed by");
            }
            return Optional.empty();
        }
        Optional<Identity> identity = cert == null ? Optional.empty() : Optional.of(new Identity(cert, key));
        return Optional.of(new TlsFiles(identity, ca, Optional.ofNullable(clientCa)));
    }

    /**
     * For a process that others connect to.
     *
     * @throws UserError if it has no certificate of its own
     */
    public TlsFiles requireIdentity() {
        if (identity.isEmpty()) {
            throw new UserError(
                    "--tls-ca alone is enough for a client only; name --tls-cert and --tls-key too, by which this process proves who it is");
        }
        return this;
    }
}
