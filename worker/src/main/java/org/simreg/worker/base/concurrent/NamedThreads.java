package org.simreg.worker.base.concurrent;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Daemon threads whose names say what they do. */
public final class NamedThreads {
    private static final int SECONDS_TO_END = 10;

    private NamedThreads() {}

    /** A thread of that name for one work after the other. */
    public static ExecutorService one(String name) {
        return Executors.newSingleThreadExecutor(task -> daemon(task, name));
    }

    /** Makes threads named {@code prefix-1}, {@code prefix-2} and so on. */
    public static ThreadFactory numbered(String prefix) {
        AtomicInteger number = new AtomicInteger();
        return task -> daemon(task, prefix + "-" + number.incrementAndGet());
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Interrupts what runs, and waits for its end. */
    public static void end(ExecutorService thread) {
        thread.shutdownNow();
        try {
            thread.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
