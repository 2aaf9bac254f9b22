package org.simreg.coordinator.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.simreg.proto.UserError;
import org.simreg.worker.tls.Tls;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A bearer token that goes with every call; one from a file is read again for each. */
public final class Token implements ClientInterceptor {
    private static final Logger LOG = LoggerFactory.getLogger(Token.class);
    private static final Metadata.Key<String> HEADER =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final int LONGEST = 4096;

    private final Supplier<String> text;

    private Token(Supplier<String> text) {
        this.text = text;
    }

    /**
     * A token as it is.
     *
     * @param source option or variable that gave it, for messages
     * @throws UserError if it can be none
     */
    public static Token of(String text, String source) {
        String token = checked(text, source);
        return new Token(() -> token);
    }

    /**
     * The first line of a file.
     *
     * @throws UserError if it can't be read or holds none
     */
    public static Token in(Path file) {
        String first = read(file);
        Tls.warnIfOpen(file, "The token file");
        return new Token(() -> newest(file, first));
    }

    private static String read(Path file) {
        try {
            if (Files.size(file) > LONGEST) {
                throw new UserError("--token-file: %s is too long for a token".formatted(file));
            }
            return checked(Files.readString(file), "--token-file " + file);
        } catch (IOException e) {
            throw new UserError("--token-file: %s can't be read: %s".formatted(file, e), e);
        }
    }

    /** While it is being replaced, the one that was there at the start. */
    private static String newest(Path file, String first) {
        try {
            return read(file);
        } catch (UserError e) {
            LOG.debug("the token of the start is sent", e);
            return first;
        }
    }

    private static String checked(String text, String source) {
        String token = text.strip();
        if (!token.matches("[\\x21-\\x7e]{1," + LONGEST + "}")) {
            throw new UserError(
                    source + " holds no token: one line without spaces, as 'simreg token' prints");
        }
        return token;
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
            MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
            @Override
            public void start(Listener<A> listener, Metadata headers) {
                headers.put(HEADER, "Bearer " + text.get());
                super.start(listener, headers);
            }
        };
    }
}
