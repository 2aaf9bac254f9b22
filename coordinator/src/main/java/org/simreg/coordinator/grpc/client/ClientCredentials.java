package org.simreg.coordinator.grpc.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.base.tls.Tls;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The credentials of a client: certificates and token.
 *
 * @param tls certificates; none: plain text
 * @param token goes with every call; none: nothing
 */
public record ClientCredentials(Optional<Tls> tls, Optional<ClientCredentials.Token> token) implements AutoCloseable {
    /** Plain text, no token. */
    public static final ClientCredentials NONE = new ClientCredentials(Optional.empty(), Optional.empty());

    ChannelCredentials credentials() {
        return tls.map(ClientCredentials::credentials).orElseGet(InsecureChannelCredentials::create);
    }

    private static ChannelCredentials credentials(Tls tls) {
        TlsChannelCredentials.Builder builder =
                TlsChannelCredentials.newBuilder().trustManager(tls.peers());
        tls.keys().ifPresent(builder::keyManager);
        return builder.build();
    }

    List<ClientInterceptor> interceptors() {
        return token.<List<ClientInterceptor>>map(List::of).orElse(List.of());
    }

    @Override
    public void close() {
        tls.ifPresent(Tls::close);
    }

    /** A bearer token that goes with every call; one from a file is read again for each. */
    public static final class Token implements ClientInterceptor {
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
         * The token in a file, which has one line.
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
                return checked(UserFile.text(file, LONGEST), "--token-file " + file);
            } catch (IOException e) {
                throw new UserError("--token-file: %s can't be read: %s".formatted(file, Disk.reason(e)), e);
            }
        }

        /** The token in the file now; while the file is being replaced, the first one. */
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
                throw new UserError(source + " holds no token: one line without spaces, as 'simreg token' prints");
            }
            return token;
        }

        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                public void start(Listener<A> listener, Metadata headers) {
                    headers.put(HEADER, "Bearer " + text.get());
                    super.start(listener, headers);
                }
            };
        }
    }
}
