package org.simreg.worker.serve;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Threads with names, one for each kind of work. */
final class ServeThreads {
    private static final int SECONDS_TO_END = 10;

    private ServeThreads() {}

    static ExecutorService one(String name) {
        return Executors.newSingleThreadExecutor(
                task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** Interrupts what runs, and waits for its end. */
    static void end(ExecutorService thread) {
        thread.shutdownNow();
        try {
            thread.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
