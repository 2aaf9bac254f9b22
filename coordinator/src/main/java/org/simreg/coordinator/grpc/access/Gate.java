package org.simreg.coordinator.grpc.access;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import org.simreg.proto.SubmitRequest.Submitter;
import org.simreg.proto.UserError;

/**
 * The gRPC interceptor that refuses a call unless its token has the role that the RPC needs. Open
 * streams stay open when their token is revoked.
 */
public final class Gate implements ServerInterceptor {
    private static final Metadata.Key<String> HEADER =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Context.Key<Submitter> CALLER = Context.key("simreg-caller");
    private static final String SCHEME = "bearer ";
    private static final String BASIC = "basic ";
    private static final Duration READ_AGAIN = Duration.ofSeconds(1);

    private final TokenFile tokens;

    private Gate(TokenFile tokens) {
        this.tokens = tokens;
    }

    /**
     * A gate with the tokens of a file, which is read again when it changes.
     *
     * @param tokens file with a line {@code ROLE SHA256-OF-TOKEN NAME} for each
     * @throws UserError if it can't be read or a line is wrong
     */
    public static Gate by(Path tokens) {
        return by(tokens, READ_AGAIN);
    }

    /** The same, with how long what was read holds. */
    public static Gate by(Path tokens, Duration readAgain) {
        return new Gate(new TokenFile(tokens, readAgain));
    }

    @Override
    public <Q, A> Listener<Q> interceptCall(ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String method = call.getMethodDescriptor().getFullMethodName();
        Optional<Status> refusal = Rights.needed(method).flatMap(needed -> refusal(headers, needed, method));
        if (refusal.isEmpty()) {
            Context caller = token(headers.get(HEADER))
                    .flatMap(tokens::find)
                    .map(bearer -> Context.current().withValue(CALLER, caller(bearer)))
                    .orElse(Context.current());
            return Contexts.interceptCall(caller, call, headers, next);
        }
        call.close(refusal.get(), new Metadata());
        return new Listener<>() {};
    }

    /**
     * The caller of the RPC that this thread is answering.
     *
     * @return empty where no tokens are asked for
     */
    public static Optional<Submitter> caller() {
        return Optional.ofNullable(CALLER.get());
    }

    private static Submitter caller(TokenFile.Bearer bearer) {
        return Submitter.newBuilder()
                .setName(bearer.name())
                .setOperates(bearer.role().covers(Rights.Role.OPERATE))
                .build();
    }

    /**
     * Whether the sender of an HTTP request may read.
     *
     * @param authorization the header, or null: {@code Bearer TOKEN}, or {@code Basic} with the
     *     token as the password of any user (RFC 7617), which browsers ask for
     */
    public boolean mayRead(String authorization) {
        return token(authorization)
                .flatMap(tokens::find)
                .filter(one -> one.role().covers(Rights.Role.READ))
                .isPresent();
    }

    /**
     * What a sender may change.
     *
     * @param name of the token; empty if there is none
     * @param submits whether it may queue jobs
     * @param operates whether it may move anybody's jobs
     */
    public record Powers(String name, boolean submits, boolean operates) {}

    /**
     * What the sender of an HTTP request may change: nothing without a bearer's token.
     *
     * @param authorization the header, or null
     */
    public Powers powers(String authorization) {
        return Optional.ofNullable(authorization)
                .filter(Gate::isBearer)
                .flatMap(Gate::token)
                .flatMap(tokens::find)
                .map(one -> new Powers(
                        one.name(),
                        one.role().covers(Rights.Role.SUBMIT),
                        one.role().covers(Rights.Role.OPERATE)))
                .orElse(new Powers("", false, false));
    }

    /** Whether a header holds a token that its sender has put there: browsers send passwords by themselves. */
    public static boolean isBearer(String authorization) {
        return isOf(authorization, SCHEME);
    }

    private static Optional<String> token(String authorization) {
        if (isOf(authorization, SCHEME)) {
            return Optional.of(authorization.substring(SCHEME.length()).strip());
        }
        if (!isOf(authorization, BASIC)) {
            return Optional.empty();
        }
        try {
            byte[] pair = Base64.getDecoder()
                    .decode(authorization.substring(BASIC.length()).strip());
            String text = new String(pair, StandardCharsets.UTF_8);
            return Optional.of(text.substring(text.indexOf(':') + 1));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static boolean isOf(String header, String scheme) {
        return header != null && header.regionMatches(true, 0, scheme, 0, scheme.length());
    }

    private Optional<Status> refusal(Metadata headers, Rights.Role needed, String method) {
        String header = headers.get(HEADER);
        if (!isOf(header, SCHEME)) {
            return Optional.of(Status.UNAUTHENTICATED.withDescription(
                    "%s needs a token with the role %s, and none came; name one by --token-file or SIMREG_TOKEN"
                            .formatted(method, needed)));
        }
        Optional<TokenFile.Bearer> bearer =
                tokens.find(header.substring(SCHEME.length()).strip());
        if (bearer.isEmpty()) {
            return Optional.of(Status.UNAUTHENTICATED.withDescription(
                    "The token that came with %s is not known to this coordinator; ask its operator for a line in --tokens"
                            .formatted(method)));
        }
        return bearer.filter(one -> !one.role().covers(needed))
                .map(one -> Status.PERMISSION_DENIED.withDescription(
                        "%s needs the role %s, and the token of %s has the role %s; use another token"
                                .formatted(method, needed, one.name(), one.role())));
    }
}
