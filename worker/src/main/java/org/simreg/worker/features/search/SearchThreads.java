package org.simreg.worker.features.search;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.engine.torch.Torch;

/**
 * The threads that shards are searched with, each with a module of its own whose operations run on
 * that thread alone. Any number of shards and callers share them; what is asked first is computed
 * first.
 */
public final class SearchThreads implements AutoCloseable {
    private final Torch torch;
    private final Optional<Torch> device;
    private final BooleanSupplier deviceFree;
    private final int count;
    private final ExecutorService pool;
    private final ThreadLocal<ScanModule> module = new ThreadLocal<>();

    /** Threads that search on the CPU only. */
    public SearchThreads(Torch torch, int count) {
        this(torch, count, Optional.empty(), () -> false);
    }

    /**
     * Starts the threads.
     *
     * @param torch the CPU; outlives this
     * @param count threads, at least 1
     * @param device that does the first pass if it has memory of its own and enough of it is free; outlives this
     * @param deviceFree asked before each search whether it may
     */
    public SearchThreads(Torch torch, int count, Optional<Torch> device, BooleanSupplier deviceFree) {
        if (count < 1) {
            throw new IllegalArgumentException("a search needs at least 1 thread, not " + count);
        }
        this.torch = torch;
        this.deviceFree = deviceFree;
        this.device = device.filter(other -> other.transfers().copies());
        this.count = count;
        CountDownLatch ready = new CountDownLatch(count);
        pool = NamedThreads.numbered("search", count, work -> () -> serve(work, ready));
        start(ready);
    }

    private void start(CountDownLatch ready) {
        try {
            for (int i = 0; i < count; i++) {
                pool.submit(() -> {});
            }
            ready.await();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            close();
            throw new CancellationException("starting the threads of a search was interrupted");
        } finally {
            Torch.restoreThreads();
        }
    }

    private void serve(Runnable work, CountDownLatch ready) {
        try {
            torch.enterAlone();
            try (ScanModule own = new ScanModule(torch)) {
                module.set(own);
                ready.countDown();
                work.run();
            }
        } finally {
            ready.countDown();
        }
    }

    /** A part of a search, for one thread. */
    interface Work<T> {
        /**
         * Computes the part.
         *
         * @param stopped true once the result is not wanted any more
         */
        T with(ScanModule module, BooleanSupplier stopped);
    }

    int count() {
        return count;
    }

    Torch torch() {
        return torch;
    }

    /** The device with memory of its own, if there is one. */
    Optional<Torch> device() {
        return device;
    }

    /** Whether the device may be used now. */
    boolean mayUseDevice() {
        return deviceFree.getAsBoolean();
    }

    /**
     * Results in the order of the works.
     *
     * @param stop asked by the search's threads; once true the search is given up
     * @throws CancellationException if told to stop, or if the calling thread is interrupted, which
     *     it still is then
     */
    <T> List<T> run(List<? extends Work<T>> works, BooleanSupplier stop) {
        AtomicBoolean over = new AtomicBoolean();
        BooleanSupplier stopped = () -> over.get() || stop.getAsBoolean();
        List<Future<T>> running = new ArrayList<>();
        try {
            works.forEach(work -> running.add(pool.submit(() -> work.with(module.get(), stopped))));
            List<T> results = new ArrayList<>();
            for (Future<T> future : running) {
                if (Thread.interrupted()) { // get() doesn't look where the work is done already
                    throw new InterruptedException();
                }
                results.add(future.get());
            }
            return results;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CancellationException("the search was interrupted");
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException reason) {
                throw reason;
            }
            throw new IllegalStateException("the search failed", failed.getCause());
        } finally {
            over.set(true);
            running.forEach(SearchThreads::settle);
        }
    }

    /** Native memory may be closed after a search, so nothing of it may still run. */
    private static void settle(Future<?> work) {
        boolean interrupted = false;
        while (!work.isDone()) {
            try {
                work.get();
            } catch (InterruptedException again) {
                interrupted = true;
            } catch (ExecutionException | CancellationException ended) {
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the threads after what they are computing, and waits for that. */
    @Override
    public void close() {
        pool.shutdown();
        boolean interrupted = false;
        while (!pool.isTerminated()) {
            try {
                pool.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
