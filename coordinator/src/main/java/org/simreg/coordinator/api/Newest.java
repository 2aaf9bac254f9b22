package org.simreg.coordinator.api;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream of which only the newest message matters: a slow reader misses those between, and what
 * is said twice is sent once. All of it is touched on the coordinator's thread only; gRPC's signals
 * are carried there.
 */
final class Newest<T> {
    private static final Logger LOG = LoggerFactory.getLogger(Newest.class);

    private final ServerCallStreamObserver<T> call;
    private final Executor coordinator;
    private AutoCloseable source = () -> {};
    private Optional<T> sent = Optional.empty();
    private Optional<T> waiting = Optional.empty();

    /** Made while the call's handlers can still be set: before its method returns. */
    Newest(ServerCallStreamObserver<T> call, Executor coordinator) {
        this.call = call;
        this.coordinator = coordinator;
        call.setOnReadyHandler(() -> Answers.run(call, coordinator, this::pump));
        call.setOnCancelHandler(this::gone);
    }

    /**
     * @param from closed when the client has gone
     */
    void begin(AutoCloseable from) {
        source = from;
        if (call.isCancelled()) {
            close();
        }
    }

    void put(T message) {
        waiting = Optional.of(message);
        pump();
    }

    private void pump() {
        boolean news = waiting.isPresent() && !waiting.equals(sent);
        if (news && call.isReady() && !call.isCancelled()) {
            call.onNext(waiting.get());
            sent = waiting;
        }
    }

    /** A coordinator that is stopping takes no more tasks; its streams end with it. */
    private void gone() {
        try {
            coordinator.execute(this::close);
        } catch (RejectedExecutionException e) {
            LOG.debug("A client went away while the coordinator was stopping", e);
        }
    }

    private void close() {
        try {
            source.close();
        } catch (Exception e) {
            LOG.warn("The stream of a client that has gone can't be closed", e);
        }
    }
}
