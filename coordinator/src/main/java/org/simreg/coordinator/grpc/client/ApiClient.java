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
 * A client's connection to a coordinator. It is made at the first call, and again when it broke.
 */
public final class ApiClient implements AutoCloseable {
    /** Largest request that a coordinator takes, in bytes. */
    public static final int LARGEST_REQUEST = 16 << 20;

    /** How long one call may take. */
    static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** How long one may take that this process answers: it isn't gone, but the machine may be slow. */
    private static final Duration OWN_TIMEOUT = Duration.ofMinutes(5);

    private static final int LARGEST_ANSWER = 16 << 20;
    private static final int LARGEST_STATUS = 64 << 10;

    private final ManagedChannel channel;
    private final ErrorSentences sentences;
    private final Duration wait;
    private final Duration limit;
    private final ClientCredentials credentials;

    private ApiClient(
            ManagedChannel channel, String where, Duration wait, Duration limit, ClientCredentials credentials) {
        this.channel = channel;
        this.limit = limit;
        this.credentials = credentials;
        this.wait = wait;
        sentences = new ErrorSentences(where);
    }

    /**
     * Connects over the network, in plain text.
     *
     * @param wait how long a call waits for a coordinator that isn't there; zero or more
     */
    public static ApiClient open(HostPort target, Duration wait) {
        return open(target, wait, ClientCredentials.NONE);
    }

    /**
     * Connects over the network.
     *
     * @param wait how long a call waits for a coordinator that isn't there; zero or more
     * @param credentials certificates and token; closed with this
     */
    public static ApiClient open(HostPort target, Duration wait, ClientCredentials credentials) {
        ManagedChannel channel = NettyChannelBuilder.forAddress(target.host(), target.port(), credentials.credentials())
                .intercept(credentials.interceptors())
                .keepAliveTime(10, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .maxInboundMessageSize(LARGEST_ANSWER)
                .maxInboundMetadataSize(LARGEST_STATUS)
                .build();
        return new ApiClient(channel, target.toString(), wait, TIMEOUT, credentials);
    }

    /** Connects to a coordinator in this JVM. */
    public static ApiClient inProcess(String name) {
        ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
        return new ApiClient(channel, name, Duration.ZERO, OWN_TIMEOUT, ClientCredentials.NONE);
    }

    /** The certificates that this connects with; none: plain text. */
    public Optional<Tls> tls() {
        return credentials.tls();
    }

    /** The channel, for stubs of other services. */
    public ManagedChannel channel() {
        return channel;
    }

    /**
     * Makes one call about jobs.
     *
     * @throws UserError if the call is refused, or nobody answers within ten seconds (five minutes in this process); its problems
     *     are those that the coordinator names
     */
    public <T> T ask(Function<JobsGrpc.JobsBlockingStub, T> call) {
        return ask(now(), call);
    }

    /**
     * Makes one call about the number of workers.
     *
     * @throws UserError as {@link #ask}
     */
    public <T> T askScale(Function<ScaleGrpc.ScaleBlockingStub, T> call) {
        return ask(ready(ScaleGrpc.newBlockingStub(channel)), call);
    }

    private <S extends AbstractStub<S>, T> T ask(S stub, Function<S, T> call) {
        Duration all = limit.plus(wait);
        try {
            return call.apply(stub.withDeadlineAfter(all.toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
            throw sentences.error(e, all);
        }
    }

    /**
     * Makes one call about banks.
     *
     * @param timeout how long the answer may take
     * @throws UserError as {@link #ask}
     */
    public <T> T search(Duration timeout, Function<SearchGrpc.SearchBlockingStub, T> call) {
        Duration all = timeout.plus(wait);
        try {
            return call.apply(ready(SearchGrpc.newBlockingStub(channel))
                    .withDeadlineAfter(all.toMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
            throw sentences.error(e, all);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        credentials.close();
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

    /** The failure of a call or stream, as a sentence. */
    UserError error(StatusRuntimeException failure) {
        return sentences.error(failure, limit);
    }
}
