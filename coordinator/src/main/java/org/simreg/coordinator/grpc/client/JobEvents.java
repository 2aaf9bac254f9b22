package org.simreg.coordinator.grpc.client;

import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobStatus;
import org.simreg.proto.UserError;
import org.simreg.proto.WatchRequest;

/**
 * The events of a job as a client follows them, across breaks: while the coordinator is away this
 * waits for it, then goes on with the event after the last. Nothing is said of a connection that was
 * cut, as proxies do with idle ones, where the next one stands.
 */
public final class JobEvents {
    private static final long FIRST_PAUSE_MS = 200;
    private static final long LONGEST_PAUSE_MS = 2000;

    /** Failures in a row after which the coordinator is said to be away. */
    private static final int AWAY = 2;

    /** Codes after which calling again would not help. */
    private static final Set<Status.Code> FINAL = EnumSet.of(
            Status.Code.NOT_FOUND,
            Status.Code.INVALID_ARGUMENT,
            Status.Code.FAILED_PRECONDITION,
            Status.Code.UNIMPLEMENTED,
            Status.Code.UNAUTHENTICATED,
            Status.Code.PERMISSION_DENIED,
            Status.Code.DATA_LOSS);

    private final ApiClient client;
    private final String job;
    private final Context.CancellableContext context = Context.current().withCancellation();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile long next;
    private long pauseMs = FIRST_PAUSE_MS;

    /** Failures since the last event, or since a stream that stood for a while. */
    private int failures;

    /**
     * @param job id
     * @param from first sequence number, from 0
     */
    public JobEvents(ApiClient client, String job, long from) {
        this.client = client;
        this.job = job;
        next = from;
    }

    /**
     * Passes events on until the job has ended and all have come, or {@link #stop} is called.
     *
     * @param events called on this thread
     * @param notices takes sentences about the connection
     * @throws UserError if the coordinator refuses to tell
     */
    public void run(Consumer<JobEvent> events, Consumer<String> notices) {
        while (stopped.getCount() > 0) {
            try {
                // Attached for the calls, so that stop ends them.
                Context before = context.attach();
                try {
                    receive(events, notices);
                } finally {
                    context.detach(before);
                }
                return;
            } catch (StatusRuntimeException e) {
                if (stopped.getCount() > 0) {
                    pause(e, notices);
                }
            }
        }
    }

    /** Ends {@link #run}; from any thread. */
    public void stop() {
        stopped.countDown();
        context.cancel(null);
    }

    /**
     * @return sequence number of the event that would come next
     */
    public long next() {
        return next;
    }

    private void receive(Consumer<JobEvent> events, Consumer<String> notices) {
        if (failures > 0) {
            rewind();
        }
        WatchRequest request =
                WatchRequest.newBuilder().setId(job).setFromSequence(next).build();
        Iterator<JobEvent> received = client.now().watch(request);
        long began = System.nanoTime();
        try {
            while (received.hasNext()) {
                JobEvent event = received.next();
                stands(notices);
                next = event.getSequence() + 1;
                events.accept(event);
            }
        } catch (StatusRuntimeException e) {
            if (System.nanoTime() - began > TimeUnit.MILLISECONDS.toNanos(LONGEST_PAUSE_MS)) {
                stands(notices);
            }
            throw e;
        }
    }

    private void stands(Consumer<String> notices) {
        if (failures >= AWAY) {
            notices.accept("the coordinator is back");
        }
        failures = 0;
        pauseMs = FIRST_PAUSE_MS;
    }

    /** After a crash the coordinator may have forgotten its last events: they come again. */
    private void rewind() {
        JobStatus status = client.now()
                .withDeadlineAfter(ApiClient.TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                .get(JobRequest.newBuilder().setId(job).build());
        next = Math.min(next, status.getNextSequence());
    }

    private void pause(StatusRuntimeException failure, Consumer<String> notices) {
        if (FINAL.contains(failure.getStatus().getCode())) {
            throw client.error(failure);
        }
        if (++failures == AWAY) {
            notices.accept("the coordinator does not answer; waiting for it");
        }
        try {
            stopped.await(pauseMs, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            stopped.countDown();
            Thread.currentThread().interrupt();
        }
        pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs);
    }
}
