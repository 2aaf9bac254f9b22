package org.simreg.worker.base.concurrent;

import java.util.function.BooleanSupplier;

/**
 * The watcher of a computation that takes a while: it is told how far this is, and says whether its
 * result is still wanted.
 */
public interface ProgressMonitor {
    /** A monitor that nobody looks at, of a computation that goes on to its end. */
    ProgressMonitor SILENT = until(() -> false);

    /**
     * Called by the computing thread, some times a second.
     *
     * @param what is being done, for people
     * @param done of {@code total}
     */
    void at(String what, long done, long total);

    /** True once the result isn't wanted any more. */
    boolean stopped();

    /**
     * As {@link #at}, between two pieces of work.
     *
     * @throws Abandoned if it is to stop
     */
    default void next(String what, long done, long total) {
        if (stopped()) {
            throw new Abandoned("the measurement was given up");
        }
        at(what, done, total);
    }

    /**
     * A monitor that nobody looks at.
     *
     * @param stop true once the result isn't wanted any more
     */
    static ProgressMonitor until(BooleanSupplier stop) {
        return new ProgressMonitor() {
            @Override
            public void at(String what, long done, long total) {
                // Nobody watches.
            }

            @Override
            public boolean stopped() {
                return stop.getAsBoolean();
            }
        };
    }
}
