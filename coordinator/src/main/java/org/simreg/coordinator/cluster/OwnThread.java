package org.simreg.coordinator.cluster;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way onto the thread of a verticle that owns something: tasks run there one after the other.
 * What is given before the begin runs after it, what is given after the end never.
 */
public final class OwnThread {
    private static final Logger LOG = LoggerFactory.getLogger(OwnThread.class);

    private final String owner;
    private final Promise<Context> begun = Promise.promise();
    private final List<Long> timers = new ArrayList<>();
    private boolean ended;

    /**
     * @param owner whose tasks they are, for the log
     */
    public OwnThread(String owner) {
        this.owner = owner;
    }

    /** Runs what was given and will be; on the verticle's thread. */
    public void begin(Context context) {
        begun.complete(context);
    }

    /** Runs a task every so often until the end; on the verticle's thread, after the begin. */
    public void every(long milliseconds, Runnable task) {
        Context own = begun.future().result();
        timers.add(own.owner().setPeriodic(milliseconds, id -> unlessEnded(task)));
    }

    /**
     * Runs nothing any more; on the verticle's thread. Vert.x throws at tasks that are still in its
     * queue when a verticle is gone.
     *
     * @return done when the queue is empty, which {@code stop} is to wait for
     */
    public Future<Void> end() {
        Promise<Void> empty = Promise.promise();
        begun.future()
                .onSuccess(
                        own -> {
                            synchronized (this) {
                                ended = true;
                                timers.forEach(own.owner()::cancelTimer);
                                own.runOnContext(empty::complete);
                            }
                        });
        return empty.future();
    }

    /** Runs a task; any thread. A task that fails is logged. */
    public void run(Runnable task) {
        begun.future().onSuccess(own -> queue(own, task));
    }

    private synchronized void queue(Context own, Runnable task) {
        if (!ended) {
            own.runOnContext(nothing -> unlessEnded(task));
        }
    }

    private void unlessEnded(Runnable task) {
        if (ended()) {
            return;
        }
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("A task of {} failed", owner, e);
        }
    }

    private synchronized boolean ended() {
        return ended;
    }
}
