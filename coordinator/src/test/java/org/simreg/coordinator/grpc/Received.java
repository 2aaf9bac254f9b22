package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The messages that a client has received on a call, and the end of the call. */
public final class Received<T> implements StreamObserver<T> {
    private final BlockingQueue<T> values = new LinkedBlockingQueue<>();
    final CompletableFuture<Void> end = new CompletableFuture<>();

    @Override
    public void onNext(T value) {
        values.add(value);
    }

    @Override
    public void onError(Throwable failure) {
        end.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
        end.complete(null);
    }

    /** The next message; null if none comes in time. */
    public T next() throws InterruptedException {
        return values.poll(20, TimeUnit.SECONDS);
    }

    /** The failure that the call ends with. */
    public StatusRuntimeException status() {
        ExecutionException e = assertThrows(ExecutionException.class, () -> Served.soon(end));
        return (StatusRuntimeException) e.getCause();
    }
}
