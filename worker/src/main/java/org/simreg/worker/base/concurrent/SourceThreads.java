package org.simreg.worker.base.concurrent;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;

/**
 * Threads that read the files of many sources, of which each has a few: one that doesn't answer holds up its own readers and
 * nobody else's. Safe for all threads.
 */
public final class SourceThreads implements AutoCloseable {
    private final ExecutorService threads;
    private final int most;

    /** Those that have something to do; guarded by this. */
    private final Map<Object, Lane> lanes = new HashMap<>();

    /**
     * @param name of the threads
     * @param most tasks of a source that run at once; others wait without bound
     */
    public SourceThreads(String name, int most) {
        threads = NamedThreads.asNeeded(name);
        this.most = most;
    }

    /** The tasks of one source. */
    private static final class Lane {
        private final Queue<Runnable> waiting = new ArrayDeque<>();
        private int working;
    }

    /**
     * The threads of a source.
     *
     * @param source equal for tasks that may hold each other up
     */
    public Executor of(Object source) {
        return task -> add(source, task);
    }

    private synchronized void add(Object source, Runnable task) {
        Lane lane = lanes.computeIfAbsent(source, key -> new Lane());
        if (lane.working == most) {
            lane.waiting.add(task);
        } else {
            threads.execute(() -> work(source, lane, task));
            lane.working++;
        }
    }

    private void work(Object source, Lane lane, Runnable task) {
        try {
            task.run();
        } finally {
            ended(source, lane);
        }
    }

    private synchronized void ended(Object source, Lane lane) {
        Runnable next = lane.waiting.poll();
        if (next != null && !threads.isShutdown()) {
            threads.execute(() -> work(source, lane, next));
        } else if (--lane.working == 0) {
            lanes.remove(source);
        }
    }

    /** Interrupts what runs; what waits is not begun. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
