package org.simreg.coordinator.search.query;

/** A clock and timers whose tasks run on the banks' thread. */
public interface Timers {
    /** Milliseconds since some moment; never goes back. */
    long now();

    /**
     * Runs a task once.
     *
     * @param milliseconds until then; less than 1 counts as 1
     * @return cancels the task; does nothing once it has run
     */
    Runnable after(long milliseconds, Runnable task);
}
