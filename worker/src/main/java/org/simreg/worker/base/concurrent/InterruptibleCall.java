package org.simreg.worker.base.concurrent;

/** A call that other threads can interrupt while it runs, and that alone: not what its thread does next. */
public final class InterruptibleCall {
    /** What runs the call; guarded by this. */
    private Thread thread;

    /**
     * The work of a call.
     *
     * @param <T> its result
     * @param <E> what it throws
     */
    @FunctionalInterface
    public interface Work<T, E extends Exception> {
        T run() throws E;
    }

    /** Runs work on this thread; one at a time. */
    public <T, E extends Exception> T run(Work<T, E> work) throws E {
        synchronized (this) {
            thread = Thread.currentThread();
        }
        try {
            return work.run();
        } finally {
            synchronized (this) {
                thread = null;
                Thread.interrupted();
            }
        }
    }

    /** Interrupts the call if it runs. */
    public synchronized void interrupt() {
        if (thread != null) {
            thread.interrupt();
        }
    }
}
