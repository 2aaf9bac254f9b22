package org.simreg.worker.base.concurrent;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * A thread that owns some state, with a queue of tasks: whatever touches the state is posted here.
 */
public final class SerialThread implements AutoCloseable {
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final Consumer<Throwable> failed;
    private final Thread thread;
    private boolean closed;
    private boolean ended;

    /**
     * @param failed told of what a task throws; the thread goes on
     */
    public SerialThread(String name, Consumer<Throwable> failed) {
        this.failed = failed;
        thread = NamedThreads.thread(name, this::run);
        thread.start();
    }

    private void run() {
        while (!ended) {
            try {
                tasks.take().run();
            } catch (Throwable e) {
                failed.accept(e);
            }
        }
    }

    /**
     * @return false if the thread has ended, and the task won't be run
     */
    public synchronized boolean post(Runnable task) {
        return !closed && tasks.add(task);
    }

    /** Runs what was posted, ends the thread and waits for its end. */
    @Override
    public void close() {
        synchronized (this) {
            if (!closed) {
                closed = true;
                tasks.add(() -> ended = true);
            }
        }
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
