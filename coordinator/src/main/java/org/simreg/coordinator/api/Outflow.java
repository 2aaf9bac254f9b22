package org.simreg.coordinator.api;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sends an answer as fast as the client takes it. Works on a thread of a pool only while the client
 * can take more: one that is slow holds no thread.
 */
final class Outflow<T> {
    private final ServerCallStreamObserver<T> client;
    private final Executor threads;
    private final Opening<T> opening;
    private final Runnable ended;
    private final AtomicInteger calls = new AtomicInteger();
    private Parts<T> parts;
    private boolean over;

    /** Opens the answer; on a thread of the pool. */
    interface Opening<T> {
        Parts<T> open() throws IOException;
    }

    private Outflow(
            ServerCallStreamObserver<T> client,
            Executor threads,
            Opening<T> opening,
            Runnable ended) {
        this.client = client;
        this.threads = threads;
        this.opening = opening;
        this.ended = ended;
    }

    /**
     * Begins to answer; called in the service's method.
     *
     * @param ended called once when nothing more will be sent
     */
    static <T> void start(
            ServerCallStreamObserver<T> client,
            Executor threads,
            Opening<T> opening,
            Runnable ended) {
        Outflow<T> outflow = new Outflow<>(client, threads, opening, ended);
        client.setOnReadyHandler(outflow::go);
        client.setOnCancelHandler(outflow::go);
        outflow.go();
    }

    /** The first to call gets a thread; it sees to those who call meanwhile. */
    private void go() {
        if (calls.getAndIncrement() > 0) {
            return;
        }
        try {
            threads.execute(this::work);
        } catch (RejectedExecutionException e) {
            fail(
                    Status.UNAVAILABLE
                            .withDescription("The coordinator is stopping")
                            .asRuntimeException());
        }
    }

    private void work() {
        int seen;
        do {
            seen = calls.get();
            if (!over) {
                send();
            }
        } while (!calls.compareAndSet(seen, 0));
    }

    private void send() {
        try {
            if (parts == null && !client.isCancelled()) {
                parts = opening.open();
            }
            while (!client.isCancelled() && client.isReady()) {
                T part = parts.next();
                if (part == null) {
                    end();
                    client.onCompleted();
                    return;
                }
                client.onNext(part);
            }
            if (client.isCancelled()) {
                end();
            }
        } catch (IOException | RuntimeException e) {
            fail(e);
        }
    }

    private void fail(Exception e) {
        try {
            if (!over) {
                end();
            }
        } catch (IOException | RuntimeException closing) {
            e.addSuppressed(closing);
        }
        if (!client.isCancelled()) {
            client.onError(e instanceof IOException ? unavailable(e) : Statuses.of(e));
        }
    }

    private void end() throws IOException {
        over = true;
        ended.run();
        if (parts != null) {
            parts.close();
        }
    }

    /** Storage that is away for a while, or a coordinator that stops: to be asked again. */
    private static StatusRuntimeException unavailable(Exception e) {
        return Status.UNAVAILABLE
                .withDescription("The coordinator can't read what was asked for now: " + e)
                .withCause(e)
                .asRuntimeException();
    }
}
