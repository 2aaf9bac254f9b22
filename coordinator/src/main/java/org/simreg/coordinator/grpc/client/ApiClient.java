package org.simreg.coordinator.grpc.client;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.ScaleGrpc;
import org.simreg.proto.SearchGrpc;
import org.simreg.proto.UserError;
import org.simreg.worker.base.tls.Tls;

/**
 * A client's connection to a coordinator. It is made at the first question, and made again when it
 * broke.
 */
public final class ApiClient implements AutoCloseable {
    /** Largest request that a coordinator takes, in bytes. */
    public static final int LARGEST_REQUEST = 16 << 20;

    /** How long one question may take. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final int LARGEST_ANSWER = 16 << 20;
    private static final int LARGEST_STATUS = 64 << 10;

    private final ManagedChannel channel;
    private final ErrorSentences sentences;
    private final Duration wait;
    private final ClientCredentials passport;

    private ApiClient(
            ManagedChannel channel, String where, Duration wait, ClientCredentials passport) {
        this.channel = channel;
        this.passport = passport;
        this.wait = wait;
        sentences = new ErrorSentences(where);
    }

    /**
     * Connects over the network, in plain text.
     *
     * @param wait how long a question waits for a coordinator that isn't there; zero or more
     */
    public static ApiClient open(HostPort target, Duration wait) {
        return open(target, wait, ClientCredentials.NONE);
    }

    /**
     * Connects over the network.
     *
     * @param wait how long a question waits for a coordinator that isn't there; zero or more
     * @param passport by what the client shows who it is; closed with this
     */
    public static ApiClient open(HostPort target, Duration wait, ClientCredentials passport) {
        ManagedChannel channel =
                NettyChannelBuilder.forAddress(target.host(), target.port(), passport.credentials())
                        .intercept(passport.interceptors())
                        .keepAliveTime(10, TimeUnit.SECONDS)
                        .keepAliveTimeout(5, TimeUnit.SECONDS)
                        .maxInboundMessageSize(LARGEST_ANSWER)
                        .maxInboundMetadataSize(LARGEST_STATUS)
                        .build();
        return new ApiClient(channel, target.toString(), wait, passport);
    }

    /** Connects to a coordinator in this JVM. */
    public static ApiClient inProcess(String name) {
        ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
        return new ApiClient(channel, name, Duration.ZERO, ClientCredentials.NONE);
    }

    /** The certificates that it connects with; none: plain text. */
    public Optional<Tls> tls() {
        return passport.tls();
    }

    /** What stubs of other services are made on. */
    public ManagedChannel channel() {
        return channel;
    }

    /**
     * Asks one question.
     *
     * @throws UserError if it is refused, or nobody answers within ten seconds; its problems are
     *     those that the coordinator names
     */
    public <T> T ask(Function<JobsGrpc.JobsBlockingStub, T> question) {
        return ask(now(), question);
    }

    /**
     * Asks one question about the number of workers.
     *
     * @throws UserError as {@link #ask}
     */
    public <T> T askScale(Function<ScaleGrpc.ScaleBlockingStub, T> question) {
        return ask(ready(ScaleGrpc.newBlockingStub(channel)), question);
    }

    private <S extends AbstractStub<S>, T> T ask(S stub, Function<S, T> question) {
        Duration patience = PATIENCE.plus(wait);
        try {
            return question.apply(
                    stub.withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
            throw sentences.error(e, patience);
        }
    }

    /**
     * Asks one question about banks.
     *
     * @param patience how long the answer may take
     * @throws UserError as {@link #ask}
     */
    public <T> T search(Duration patience, Function<SearchGrpc.SearchBlockingStub, T> question) {
        Duration all = patience.plus(wait);
        try {
            return question.apply(
                    ready(SearchGrpc.newBlockingStub(channel))
                            .withDeadlineAfter(all.toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
            throw sentences.error(e, all);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        passport.close();
    }

    /** A stub that tries to connect now, without the pause that follows failures. */
    JobsGrpc.JobsBlockingStub now() {
        return ready(JobsGrpc.newBlockingStub(channel));
    }

    private <S extends AbstractStub<S>> S ready(S stub) {
        if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
            channel.resetConnectBackoff();
        }
        return wait.isZero() ? stub : stub.withWaitForReady();
    }

    /** The failure of a question or stream for people. */
    UserError error(StatusRuntimeException failure) {
        return sentences.error(failure, PATIENCE);
    }
}
