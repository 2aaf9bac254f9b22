package org.simreg.coordinator.grpc.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.netty.handler.ssl.NotSslRecordException;
import java.security.cert.CertificateExpiredException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.simreg.proto.UserError;

/**
 * The sentences for people that say why a call failed, made of a gRPC status.
 *
 * @param where address of the coordinator that was called
 */
record ErrorSentences(String where) {
    /** The start of the alert that a TLS server answers to plain text. */
    private static final Pattern ALERT = Pattern.compile("bytes: 15030[0-9a-f]");

    /** What gRPC says if the server closes the connection instead. */
    private static final String SILENCE = "Network closed for unknown reason";

    private static final String NO_CERTIFICATE = "(?i).*(certificate.required|bad.certificate).*";

    /** The coordinator's own words if it answered; else a sentence about the connection. */
    UserError error(StatusRuntimeException failure, Duration patience) {
        Status details = StatusProto.fromThrowable(failure);
        if (details != null && details.getDetailsCount() > 0) {
            return refused(details);
        }
        String said = failure.getStatus().getDescription();
        return new UserError(
                switch (failure.getStatus().getCode()) {
                    case UNAVAILABLE -> tls(failure).orElseGet(() -> nobody(where));
                    case DEADLINE_EXCEEDED -> slow(patience);
                    case UNIMPLEMENTED -> otherService();
                    default -> failed(failure, said == null ? "without a reason" : said);
                },
                failure);
    }

    static String nobody(String where) {
        return "No coordinator answers at "
                + where
                + "; start one with 'simreg coordinator' or name it with --coordinator";
    }

    private String slow(Duration patience) {
        return "The coordinator at "
                + where
                + " did not answer within "
                + patience.toSeconds()
                + " s; see its log, or try again";
    }

    private String otherService() {
        return "What answers at " + where + " is no coordinator of this version; name another with --coordinator";
    }

    private String failed(StatusRuntimeException failure, String said) {
        return "The coordinator at "
                + where
                + " refused the request ("
                + failure.getStatus().getCode()
                + "): "
                + said;
    }

    private static UserError refused(Status status) {
        List<UserError.Problem> problems = status.getDetailsList().stream()
                .filter(detail -> detail.is(BadRequest.class))
                .flatMap(detail -> unpacked(detail).getFieldViolationsList().stream())
                .map(v -> new UserError.Problem(v.getField(), v.getDescription()))
                .toList();
        return new UserError(status.getMessage(), problems);
    }

    private static BadRequest unpacked(Any detail) {
        try {
            return detail.unpack(BadRequest.class);
        } catch (InvalidProtocolBufferException e) {
            throw new UserError("The coordinator's answer can't be read: " + e.getMessage(), e);
        }
    }

    /** Why a connection came to nothing, if TLS is the reason. */
    private Optional<String> tls(StatusRuntimeException failure) {
        boolean tls = false;
        String deepest = "";
        for (Throwable e = failure; e != null; e = e.getCause()) {
            String said = String.valueOf(e.getMessage());
            if (e instanceof NotSslRecordException) {
                return Optional.of(at() + " speaks no TLS; leave out --tls-ca, or start it with --tls-cert");
            }
            if (ALERT.matcher(said).find() || said.contains(SILENCE)) {
                return Optional.of(
                        at()
                                + " hung up: it is ending, or wants TLS; name by --tls-ca the certificates that its own is signed by");
            }
            if (e instanceof CertificateExpiredException) {
                return Optional.of("The certificate of the coordinator at "
                        + where
                        + " has expired ("
                        + said
                        + "); put a new one into its --tls-cert file");
            }
            tls |= e instanceof SSLException;
            deepest = said;
        }
        return tls ? Optional.of(refusedTls(deepest)) : Optional.empty();
    }

    private String at() {
        return "The coordinator at " + where;
    }

    private String refusedTls(String said) {
        if (said.matches(NO_CERTIFICATE)) {
            return at()
                    + " refuses this client's certificate ("
                    + said
                    + "); name by --tls-cert and --tls-key one that its --tls-client-ca has signed";
        }
        return "TLS with the coordinator at " + where + " failed: " + said + "; look at --tls-ca";
    }
}
