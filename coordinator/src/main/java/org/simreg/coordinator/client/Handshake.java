package org.simreg.coordinator.client;

import io.grpc.StatusRuntimeException;
import io.netty.handler.ssl.NotSslRecordException;
import java.security.cert.CertificateExpiredException;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** Why a connection came to nothing, where it was for TLS. */
final class Handshake {
    /** What a TLS server answers to plain text: an alert. */
    private static final Pattern ALERT = Pattern.compile("bytes: 15030[0-9a-f]");

    /** Or it closes the connection. */
    private static final String SILENCE = "Network closed for unknown reason";

    private static final String NO_CERTIFICATE = "(?i).*(certificate.required|bad.certificate).*";

    private Handshake() {}

    /** A sentence, if TLS is the reason. */
    static Optional<String> failure(String where, StatusRuntimeException failure) {
        boolean tls = false;
        String deepest = "";
        for (Throwable e = failure; e != null; e = e.getCause()) {
            String said = String.valueOf(e.getMessage());
            if (e instanceof NotSslRecordException) {
                return Optional.of(
                        at(where)
                                + " speaks no TLS; leave out --tls-ca, or start it with --tls-cert");
            }
            if (ALERT.matcher(said).find() || said.contains(SILENCE)) {
                return Optional.of(
                        at(where)
                                + " hung up: it is ending, or wants TLS; name by --tls-ca the certificates that its own is signed by");
            }
            if (e instanceof CertificateExpiredException) {
                return Optional.of(
                        "The certificate of the coordinator at "
                                + where
                                + " has expired ("
                                + said
                                + "); put a new one into its --tls-cert file");
            }
            tls |= e instanceof SSLException;
            deepest = said;
        }
        return tls ? Optional.of(refused(where, deepest)) : Optional.empty();
    }

    private static String at(String where) {
        return "The coordinator at " + where;
    }

    private static String refused(String where, String said) {
        if (said.matches(NO_CERTIFICATE)) {
            return at(where)
                    + " refuses this client's certificate ("
                    + said
                    + "); name by --tls-cert and --tls-key one that its --tls-client-ca has signed";
        }
        return "TLS with the coordinator at " + where + " failed: " + said + "; look at --tls-ca";
    }
}
