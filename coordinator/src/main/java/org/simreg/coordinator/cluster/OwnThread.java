package org.simreg.coordinator.cluster;

import io.vertx.core.Context;
import io.vertx.core.Promise;
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

    /** Runs nothing any more; on the verticle's thread. */
    public void end() {
        ended = true;
    }

    /** Runs a task; any thread. A task that fails is logged. */
    public void run(Runnable task) {
        begun.future().onSuccess(own -> own.runOnContext(nothing -> unlessEnded(task)));
    }

    private void unlessEnded(Runnable task) {
        if (ended) {
            return;
        }
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("A task of {} failed", owner, e);
        }
    }
}
