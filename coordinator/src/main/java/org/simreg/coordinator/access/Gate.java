package org.simreg.coordinator.access;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Lets calls through whose token has the role that they need; streams that are open stay so. */
public final class Gate implements ServerInterceptor {
    private static final Metadata.Key<String> HEADER =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final String SCHEME = "bearer ";
    private static final Duration READ_AGAIN = Duration.ofSeconds(1);

    private final TokenFile tokens;

    private Gate(TokenFile tokens) {
        this.tokens = tokens;
    }

    /**
     * @param tokens file with a line {@code ROLE SHA256-OF-TOKEN NAME} for each
     * @throws org.simreg.proto.UserError if it can't be read or a line is wrong
     */
    public static Gate by(Path tokens) {
        return by(tokens, READ_AGAIN);
    }

    static Gate by(Path tokens, Duration readAgain) {
        return new Gate(new TokenFile(tokens, readAgain));
    }

    @Override
    public <Q, A> Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String method = call.getMethodDescriptor().getFullMethodName();
        Optional<Status> refusal =
                Rights.needed(method).flatMap(needed -> refusal(headers, needed, method));
        if (refusal.isEmpty()) {
            return next.startCall(call, headers);
        }
        call.close(refusal.get(), new Metadata());
        return new Listener<>() {};
    }

    private Optional<Status> refusal(Metadata headers, Role needed, String method) {
        String header = headers.get(HEADER);
        if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return Optional.of(
                    Status.UNAUTHENTICATED.withDescription(
                            "%s needs a token with the role %s, and none came; name one by --token-file or SIMREG_TOKEN"
                                    .formatted(method, needed)));
        }
        Optional<Bearer> bearer = tokens.find(header.substring(SCHEME.length()).strip());
        if (bearer.isEmpty()) {
            return Optional.of(
                    Status.UNAUTHENTICATED.withDescription(
                            "The token that came with %s is not known to this coordinator; ask its operator for a line in --tokens"
                                    .formatted(method)));
        }
        return bearer.filter(one -> !one.role().covers(needed))
                .map(
                        one ->
                                Status.PERMISSION_DENIED.withDescription(
                                        "%s needs the role %s, and the token of %s has the role %s; use another token"
                                                .formatted(
                                                        method, needed, one.name(), one.role())));
    }
}
