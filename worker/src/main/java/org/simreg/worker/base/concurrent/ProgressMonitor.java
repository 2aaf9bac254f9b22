package org.simreg.worker.base.concurrent;

import java.util.function.BooleanSupplier;

/** The course of something that takes a while: how far it is, and whether it is still wanted. */
public interface ProgressMonitor {
    /** Tells nobody and goes on to the end. */
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

    /** Tells nobody. */
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
