package org.simreg.coordinator.grpc;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.simreg.worker.base.concurrent.InterruptibleCall;
import org.simreg.worker.base.io.Disk;

/**
 * An answer in parts, each made when the client can take it. Works on a thread of a pool only while
 * the client can take more: one that is slow holds no thread and no memory.
 *
 * @param <T> a part
 */
public final class StreamedAnswer<T> {
    private final ServerCallStreamObserver<T> client;
    private final Executor threads;
    private final Runnable ended;

    /** Signals that are not handled yet; above 0 while a thread works. */
    private final AtomicInteger signals = new AtomicInteger();

    private volatile Opening<T> opening;

    // Touched by the one thread that works.
    private Parts<T> parts;
    private boolean over;

    private final InterruptibleCall call = new InterruptibleCall();

    /** The opener of an answer's parts; called on a thread of the pool, which is interrupted if the client is gone. */
    public interface Opening<T> {
        Parts<T> open() throws IOException;
    }

    /** The parts of an answer, which may read files. Used by one thread at a time. */
    public interface Parts<T> extends AutoCloseable {
        /** Makes the next part; null after the last. */
        T next() throws IOException;

        /** Closes open files. */
        @Override
        void close() throws IOException;

        /** Parts that need no file. */
        static <T> Parts<T> of(Iterator<T> parts) {
            return new Parts<>() {
                @Override
                public T next() {
                    return parts.hasNext() ? parts.next() : null;
                }

                @Override
                public void close() {
                    // Nothing is open.
                }
            };
        }
    }

    /**
     * Made while the call's handlers can still be set: before its method returns.
     *
     * @param threads runs what reads files
     * @param ended called once when nothing more will be sent of an answer that was begun
     */
    public StreamedAnswer(ServerCallStreamObserver<T> client, Executor threads, Runnable ended) {
        this.client = client;
        this.threads = threads;
        this.ended = ended;
        client.setOnReadyHandler(this::signal);
        client.setOnCancelHandler(() -> {
            call.interrupt();
            signal();
        });
    }

    /** Begins to answer; once, on any thread. */
    public void begin(Opening<T> answer) {
        opening = answer;
        signal();
    }

    /** The first signal gets a thread, which handles those that come meanwhile. */
    private void signal() {
        if (signals.getAndIncrement() > 0) {
            return;
        }
        try {
            threads.execute(this::work);
        } catch (RejectedExecutionException e) {
            fail(GrpcStatuses.of(e));
        }
    }

    private void work() {
        int seen;
        do {
            seen = signals.get();
            if (opening != null && !over) {
                send();
            }
        } while (!signals.compareAndSet(seen, 0));
    }

    private void send() {
        try {
            if (parts == null) {
                parts = call.run(() -> client.isCancelled() ? null : opening.open());
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
            client.onError(e instanceof IOException storage ? unavailable(storage) : GrpcStatuses.of(e));
        }
    }

    private void end() throws IOException {
        over = true;
        ended.run();
        if (parts != null) {
            parts.close();
        }
    }

    /** Storage that is away for a while, or too many open files: to be asked again. */
    private static StatusRuntimeException unavailable(IOException e) {
        return Status.UNAVAILABLE
                .withDescription("The coordinator can't read what was asked for now: " + Disk.reasonWithFile(e))
                .withCause(e)
                .asRuntimeException();
    }
}
