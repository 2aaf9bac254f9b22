package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class CallsTest {
    private final List<String> happened = new ArrayList<>();
    private final Queue<Runnable> coordinator = new ArrayDeque<>();
    private final Caller caller = new Caller();

    /** A caller that goes away when the test says so. */
    private final class Caller extends ServerCallStreamObserver<String> {
        boolean gone;

        @Override
        public boolean isCancelled() {
            return gone;
        }

        @Override
        public void onNext(String value) {
            happened.add(value);
        }

        @Override
        public void onError(Throwable failure) {
            happened.add(Status.fromThrowable(failure).getCode().name());
        }

        @Override
        public void onCompleted() {
            happened.add("end");
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setOnCancelHandler(Runnable handler) {
            happened.add("heard");
        }

        @Override
        public void setOnReadyHandler(Runnable handler) {
            throw new AssertionError("a single answer waits for nothing");
        }

        @Override
        public void setCompression(String name) {
            throw new AssertionError("nobody asked for " + name);
        }

        @Override
        public void disableAutoInboundFlowControl() {
            throw new AssertionError("a single request needs no flow control");
        }

        @Override
        public void request(int count) {
            throw new AssertionError("a single request needs no flow control");
        }

        @Override
        public void setMessageCompression(boolean enable) {
            throw new AssertionError("nobody asked for compression");
        }
    }

    private String work() {
        happened.add("work");
        return "answer";
    }

    @Test
    void theWorkIsDoneOnItsThreadOnly() {
        Calls.give(caller, coordinator::add, this::work);
        assertEquals(List.of("heard"), happened);
        coordinator.remove().run();
        assertEquals(List.of("heard", "work", "answer", "end"), happened);
    }

    @Test
    void nothingIsDoneForACallerWhoHasGoneMeanwhile() {
        Calls.give(caller, coordinator::add, this::work);
        caller.gone = true;
        coordinator.remove().run();
        assertEquals(List.of("heard"), happened);
    }

    @Test
    void aCoordinatorThatIsStoppingIsUnavailable() {
        Executor stopping = task -> {
            throw new RejectedExecutionException("closed");
        };
        Calls.give(caller, stopping, this::work);
        assertEquals(List.of("heard", "UNAVAILABLE"), happened);
    }
}
