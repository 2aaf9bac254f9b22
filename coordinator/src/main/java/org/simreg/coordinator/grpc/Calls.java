package org.simreg.coordinator.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/**
 * Answers to calls: the work is done on a given thread, and its failure becomes the status of the
 * call.
 */
public final class Calls {
    private Calls() {}

    /**
     * Answers with what the work gives, or with the status of its failure. Nothing is done for a
     * caller who has gone or whose deadline has passed before the work begins.
     *
     * @param thread where the work is done
     */
    public static <T> void give(StreamObserver<T> answer, Executor thread, Supplier<T> work) {
        ServerCallStreamObserver<T> call = observed(answer);
        run(call, thread, () -> {
            T given = work.get();
            call.onNext(given);
            call.onCompleted();
        });
    }

    /**
     * Runs a task on a thread, unless the caller has gone; its failure becomes the call's status.
     */
    public static <T> void run(ServerCallStreamObserver<T> call, Executor thread, Runnable task) {
        Runnable guarded = () -> {
            try {
                if (!call.isCancelled()) {
                    task.run();
                }
            } catch (RuntimeException e) {
                call.onError(GrpcStatuses.of(e));
            }
        };
        try {
            thread.execute(guarded);
        } catch (RejectedExecutionException e) {
            call.onError(GrpcStatuses.of(e));
        }
    }

    /**
     * As {@link #give}, with an answer that may come later.
     *
     * @param thread where the work is begun
     */
    public static <T> void await(ServerCallStreamObserver<T> call, Executor thread, Supplier<CompletionStage<T>> work) {
        run(
                call,
                thread,
                () -> work.get().whenComplete((given, failure) -> {
                    if (failure == null) {
                        call.onNext(given);
                        call.onCompleted();
                    } else {
                        call.onError(GrpcStatuses.of(failure));
                    }
                }));
    }

    /** Runs the task on a thread, or at once if that takes no more tasks. */
    static void execute(Executor thread, Runnable task) {
        try {
            thread.execute(task);
        } catch (RejectedExecutionException e) {
            task.run();
        }
    }

    /** A call with a cancel handler: with one, answering a caller who has gone is no error. */
    public static <T> ServerCallStreamObserver<T> observed(StreamObserver<T> answer) {
        ServerCallStreamObserver<T> call = (ServerCallStreamObserver<T>) answer;
        call.setOnCancelHandler(() -> {});
        return call;
    }
}
