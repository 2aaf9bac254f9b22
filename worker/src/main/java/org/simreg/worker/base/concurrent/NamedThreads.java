package org.simreg.worker.base.concurrent;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/**
 * The one maker of threads: each has a name that says what it does, and is a daemon, so that a
 * process ends when its main thread does.
 */
public final class NamedThreads {
    private static final int SECONDS_TO_END = 10;

    private NamedThreads() {}

    /** A thread that is not started yet. */
    public static Thread thread(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * A thread for {@link Runtime#addShutdownHook}; no daemon, as the JVM waits for its end in any
     * case.
     */
    public static Thread shutdownHook(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(false);
        return thread;
    }

    /** Makes threads that all have the same name. */
    public static ThreadFactory named(String name) {
        return task -> thread(name, task);
    }

    /** Makes threads named {@code prefix-1}, {@code prefix-2} and so on. */
    public static ThreadFactory numbered(String prefix) {
        AtomicInteger number = new AtomicInteger();
        return task -> thread(prefix + "-" + number.incrementAndGet(), task);
    }

    /** A thread of that name for one task after the other. */
    public static ExecutorService one(String name) {
        return Executors.newSingleThreadExecutor(named(name));
    }

    /** A thread of that name for tasks at given times, one after the other. */
    public static ScheduledExecutorService scheduled(String name) {
        return Executors.newSingleThreadScheduledExecutor(named(name));
    }

    /** So many threads, named {@code prefix-1}, {@code prefix-2} and so on. */
    public static ExecutorService numbered(String prefix, int count) {
        return numbered(prefix, count, UnaryOperator.identity());
    }

    /**
     * So many threads, named {@code prefix-1}, {@code prefix-2} and so on.
     *
     * @param around gets what a thread of the pool runs for all its life, and makes of it what the
     *     thread shall run instead
     */
    public static ExecutorService numbered(String prefix, int count, UnaryOperator<Runnable> around) {
        ThreadFactory threads = numbered(prefix);
        return Executors.newFixedThreadPool(count, work -> threads.newThread(around.apply(work)));
    }

    /**
     * Threads that end while there is nothing to do.
     *
     * @param most that run at once; further tasks wait in a queue without bound
     * @param idle how long a thread waits for a task before it ends, more than none
     */
    public static ExecutorService pool(ThreadFactory threads, int most, Duration idle) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                most, most, idle.toMillis(), TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), threads);
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /**
     * Threads named {@code prefix-1}, {@code prefix-2} and so on, as many as have something to do:
     * for tasks that may hang and must not hold up others.
     */
    public static ExecutorService asNeeded(String prefix) {
        return Executors.newCachedThreadPool(numbered(prefix));
    }

    /** Interrupts what runs, and waits for its end, though no longer than 10 seconds. */
    public static void end(ExecutorService threads) {
        threads.shutdownNow();
        try {
            threads.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
