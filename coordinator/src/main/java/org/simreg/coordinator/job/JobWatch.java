package org.simreg.coordinator.job;

import java.util.List;
import java.util.concurrent.Executor;
import org.simreg.proto.JobEvent;

/**
 * One client's watch of a job. It holds a place in the event log, not events: a slow client costs
 * the coordinator nothing.
 */
public final class JobWatch {
    private static final int AT_ONCE = 256;

    private final JobRun run;
    private final Watcher watcher;
    private final Executor executor;
    private long next;
    private boolean full;
    private boolean over;

    /**
     * The client at the other end of a watch. Called on the coordinator's thread; must not block.
     */
    public interface Watcher {
        /**
         * Takes an event.
         *
         * @return whether it can take more now; if not it says so later by {@link Runnable} given
         *     to {@link #whenReady}
         */
        boolean event(JobEvent event);

        /** Takes what is to be called, on any thread, once it can take more. */
        void whenReady(Runnable more);

        /** The job has ended and all was said. */
        void ended();
    }

    public JobWatch(JobRun run, long from, Watcher watcher, Executor executor) {
        this.run = run;
        this.next = from;
        this.watcher = watcher;
        this.executor = executor;
    }

    /** A new event, which is in the log. */
    void offer(JobEvent event) {
        if (full || over) {
            return;
        }
        if (event.getSequence() == next) {
            give(event);
        } else if (event.getSequence() > next) {
            pump();
        }
    }

    /** Gives what there is. */
    public void pump() {
        while (!full && !over) {
            List<JobEvent> events = run.files().read(next, AT_ONCE);
            if (events.isEmpty()) {
                if (run.ended()) {
                    close();
                    watcher.ended();
                }
                return;
            }
            for (JobEvent event : events) {
                if (full || over) {
                    return;
                }
                give(event);
            }
        }
    }

    private void give(JobEvent event) {
        next = event.getSequence() + 1;
        if (!watcher.event(event)) {
            full = true;
            watcher.whenReady(() -> executor.execute(this::goOn));
        }
    }

    private void goOn() {
        if (full && !over) {
            full = false;
            pump();
        }
    }

    public void close() {
        over = true;
        run.removeWatch(this);
    }
}
