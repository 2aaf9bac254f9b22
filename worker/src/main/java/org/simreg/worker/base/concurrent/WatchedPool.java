package org.simreg.worker.base.concurrent;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A pool of threads for tasks that read files which may never answer: a pipe, storage that is away. A task that has not
 * called {@link #progress} for a while hangs: it is told of, and interrupted if the pool does so. Already after a twelfth of
 * that time it isn't counted any more, so that those that wait get a thread. Only when very many hang does the pool stand
 * still: {@link #trouble} says so, and a task that waits as long is given up as one that hangs.
 */
public final class WatchedPool implements Executor, AutoCloseable {
    /** Most tasks that may hang beside those that work. */
    static final int MOST_HANGING = 32;

    /** After which a task that shows no progress hangs, where nothing else is said. */
    public static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final int SECONDS_TO_END = 5;
    private static final Duration IDLE = Duration.ofSeconds(30);
    private static final int STILL_PART = 12;
    private static final ThreadLocal<Runnable> CURRENT = new ThreadLocal<>();

    private final String name;
    private final int most;
    private final long patience;
    private final boolean interrupts;
    private final ExecutorService threads;

    // Guarded by this.
    private final Deque<Running> waiting = new ArrayDeque<>();
    private final Set<Running> working = new LinkedHashSet<>();
    private final Set<Running> hanging = new LinkedHashSet<>();
    private boolean watched;
    private boolean closed;

    /**
     * A pool that interrupts what hangs.
     *
     * @param name of the threads
     * @param most tasks that work at once
     * @param patience after which a task that shows no progress hangs
     */
    public WatchedPool(String name, int most, Duration patience) {
        this(name, most, patience, true);
    }

    /** A pool in which a task that hangs goes on when its storage answers, while others work in its place. */
    public static WatchedPool uninterrupted(String name, int most, Duration patience) {
        return new WatchedPool(name, most, patience, false);
    }

    private WatchedPool(String name, int most, Duration patience, boolean interrupts) {
        this.name = name;
        this.most = most;
        this.patience = patience.toNanos();
        this.interrupts = interrupts;
        threads = NamedThreads.pool(NamedThreads.numbered(name), most + MOST_HANGING, IDLE);
    }

    /** A task of a pool, from when it is given to its end. */
    private final class Running implements Runnable {
        private final Runnable task;
        private final Runnable hung;
        private final InterruptibleCall call = new InterruptibleCall();
        private volatile long seen = System.nanoTime();
        private volatile boolean cancelled;

        Running(Runnable task, Runnable hung) {
            this.task = task;
            this.hung = hung;
        }

        @Override
        public void run() {
            progressed();
            hear(this::progressed);
            try {
                call.run(() -> {
                    if (!cancelled) {
                        task.run();
                    }
                    return cancelled;
                });
            } finally {
                hear(null);
                ended(this);
            }
        }

        void cancel() {
            cancelled = true;
            call.interrupt();
        }

        void progressed() {
            seen = System.nanoTime();
        }

        long since() {
            return System.nanoTime() - seen;
        }

        boolean isStill() {
            return since() > patience / STILL_PART;
        }
    }

    /** Says that the work of this thread gets ahead, where somebody watches it; elsewhere it does nothing. */
    public static void progress() {
        listener().run();
    }

    /** Whether somebody hears of this thread's {@link #progress}. */
    static boolean isHeard() {
        return CURRENT.get() != null;
    }

    /** What {@link #progress} does on this thread, for those that work for it. */
    public static Runnable listener() {
        Runnable listener = CURRENT.get();
        return listener == null ? () -> {} : listener;
    }

    /**
     * Has somebody hear of this thread's {@link #progress}.
     *
     * @param listener null: nobody
     * @return who heard of it before; may be null
     */
    static Runnable hear(Runnable listener) {
        Runnable before = CURRENT.get();
        if (listener == null) {
            CURRENT.remove();
        } else {
            CURRENT.set(listener);
        }
        return before;
    }

    @Override
    public void execute(Runnable task) {
        execute(task, () -> {});
    }

    /**
     * Runs a task once a thread is free.
     *
     * @param hung called, on another thread, if the task hangs; must not wait
     * @return cancels the task: it isn't begun any more, or its thread is interrupted
     * @throws RejectedExecutionException if the pool is closed
     */
    public Runnable execute(Runnable task, Runnable hung) {
        Running running = new Running(task, hung);
        synchronized (this) {
            if (closed) {
                throw new RejectedExecutionException(name + " takes no tasks any more");
            }
            waiting.add(running);
            begin();
        }
        return running::cancel;
    }

    /**
     * Computes something once a thread is free.
     *
     * @param hung makes the failure if the work hangs
     * @return fails with what the work throws
     */
    public <T> CompletableFuture<T> call(Callable<T> work, Supplier<? extends Throwable> hung) {
        CompletableFuture<T> result = new CompletableFuture<>();
        execute(
                () -> {
                    try {
                        result.complete(work.call());
                    } catch (Throwable e) {
                        result.completeExceptionally(e);
                    }
                },
                () -> result.completeExceptionally(hung.get()));
        return result;
    }

    private synchronized void begin() {
        while (!waiting.isEmpty() && hasRoom() && !closed) {
            Running next = waiting.remove();
            next.seen = System.nanoTime();
            working.add(next);
            threads.execute(next);
        }
        if (!watched && !(working.isEmpty() && waiting.isEmpty()) && !closed) {
            watched = true;
            CompletableFuture.delayedExecutor(
                            Math.max(patience / STILL_PART / 2, 1), TimeUnit.NANOSECONDS, Runnable::run)
                    .execute(this::look);
        }
    }

    /** The caller holds the lock. */
    private boolean hasRoom() {
        return hanging.size() < MOST_HANGING
                && working.size() + hanging.size() < most + MOST_HANGING
                && working.size() - still() < most;
    }

    /** Tasks that have shown no progress for a while, and don't hang yet. The caller holds the lock. */
    private int still() {
        return (int) working.stream().filter(Running::isStill).count();
    }

    private void look() {
        Set<Running> found = new LinkedHashSet<>();
        synchronized (this) {
            watched = false;
            working.stream().filter(one -> one.since() > patience).forEach(found::add);
            working.removeAll(found);
            hanging.addAll(found);
            begin();
            if (hanging.size() >= MOST_HANGING) {
                waiting.stream().filter(one -> one.since() > patience).forEach(found::add);
                waiting.removeAll(found);
            }
        }
        if (interrupts) {
            found.forEach(Running::cancel);
        }
        found.forEach(one -> one.hung.run());
    }

    private synchronized void ended(Running one) {
        working.remove(one);
        hanging.remove(one);
        begin();
    }

    /** Why the pool stands still, as a sentence; empty if it works. */
    public synchronized Optional<String> trouble() {
        boolean late = !waiting.isEmpty() && waiting.peek().since() > patience;
        return late || hanging.size() >= MOST_HANGING
                ? Optional.of("%d tasks of %s hang in storage that gives no answer, and %d wait"
                        .formatted(hanging.size() + still(), name, waiting.size()))
                : Optional.empty();
    }

    /** Begins nothing any more, and waits a while for what works. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            waiting.clear();
            hanging.forEach(Running::cancel);
        }
        threads.shutdown();
        try {
            threads.awaitTermination(SECONDS_TO_END, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
