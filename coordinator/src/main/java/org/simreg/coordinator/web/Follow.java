package org.simreg.coordinator.web;

import io.vertx.core.Context;
import java.util.function.Consumer;
import org.simreg.coordinator.cluster.Watch;
import org.simreg.proto.JobEvent;

/**
 * Carries a job's events from the keeper's thread to a context. Only so many are under way: the
 * keeper's thread does other things between them, and an old job's million events take no memory.
 */
final class Follow implements Watch.Watcher {
    private static final int MOST = 256;

    private final Context context;
    private final Consumer<JobEvent> events;
    private final Runnable ended;
    private int waiting;
    private Runnable more;

    /**
     * @param context where both are called
     */
    Follow(Context context, Consumer<JobEvent> events, Runnable ended) {
        this.context = context;
        this.events = events;
        this.ended = ended;
    }

    @Override
    public synchronized boolean event(JobEvent event) {
        waiting++;
        context.runOnContext(
                nothing -> {
                    events.accept(event);
                    taken();
                });
        return waiting < MOST;
    }

    /** What it was waiting for may have happened since it was told to wait. */
    @Override
    public synchronized void whenReady(Runnable more) {
        if (waiting < MOST / 2) {
            more.run();
        } else {
            this.more = more;
        }
    }

    private synchronized void taken() {
        waiting--;
        if (more != null && waiting < MOST / 2) {
            Runnable next = more;
            more = null;
            next.run();
        }
    }

    @Override
    public void ended() {
        context.runOnContext(nothing -> ended.run());
    }
}
