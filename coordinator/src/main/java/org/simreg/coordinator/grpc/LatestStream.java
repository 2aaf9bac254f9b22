package org.simreg.coordinator.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream of messages of which only the newest matters: a slow reader misses those between, and an
 * equal message is not sent twice in a row. All of it is touched on the owner's thread only; gRPC's
 * signals are carried there.
 *
 * @param <T> a message
 */
public final class LatestStream<T> {
    private static final Logger LOG = LoggerFactory.getLogger(LatestStream.class);

    private final ServerCallStreamObserver<T> call;
    private final Executor owner;
    private AutoCloseable source = () -> {};
    private Optional<T> sent = Optional.empty();
    private Optional<T> waiting = Optional.empty();
    private boolean over;

    /**
     * Made while the call's handlers can still be set: before its method returns.
     *
     * @param owner runs tasks on the thread that makes the messages
     */
    public LatestStream(ServerCallStreamObserver<T> call, Executor owner) {
        this.call = call;
        this.owner = owner;
        call.setOnReadyHandler(() -> Calls.run(call, owner, this::send));
        call.setOnCancelHandler(this::gone);
    }

    /**
     * @param from closed when nothing more is sent
     */
    public void begin(AutoCloseable from) {
        source = from;
        if (over || call.isCancelled()) {
            close();
        }
    }

    /** Sends a message, or keeps it until the client is ready. */
    public void put(T message) {
        waiting = Optional.of(message);
        send();
    }

    /** Sends the last message, whether the client is ready or not. */
    public void last(T message) {
        if (open()) {
            call.onNext(message);
        }
        end();
    }

    /** Ends the stream. */
    void end() {
        if (open()) {
            call.onCompleted();
        }
        close();
    }

    /** Ends the stream with the status of a failure. */
    public void fail(RuntimeException failure) {
        if (open()) {
            call.onError(GrpcStatuses.of(failure));
        }
        close();
    }

    private boolean open() {
        return !over && !call.isCancelled();
    }

    private void send() {
        boolean news = waiting.isPresent() && !waiting.equals(sent);
        if (open() && news && call.isReady()) {
            call.onNext(waiting.get());
            sent = waiting;
        }
    }

    /** An owner that is stopping takes no more tasks; its streams end with it. */
    private void gone() {
        try {
            owner.execute(this::close);
        } catch (RejectedExecutionException e) {
            LOG.debug("A client went away while the coordinator was stopping", e);
        }
    }

    private void close() {
        over = true;
        AutoCloseable open = source;
        source = () -> {};
        try {
            open.close();
        } catch (Exception e) {
            LOG.warn("The stream of a client that has gone can't be closed", e);
        }
    }
}
