package org.simreg.worker.evaluate;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Exact nearest neighbours by cosine: the rows that a float64 brute force over the stored rows
 * finds, in (cosine descending, id ascending) order, whatever the number of threads.
 *
 * <p>A first pass in float32 gives every cosine within a proven bound; only a row that could still
 * be among the k best is multiplied again in float64. The bank is read once for {@value
 * QueryTile#WIDTH} queries. Besides bank, queries and result a thread takes {@code 4 (D + 64) 256}
 * bytes and {@code 16 k 256}: 4.8 MB for 512 features and k = 1024.
 */
public final class NearestNeighbors {
    /** Most neighbours of one query. */
    public static final int MAX_K = 1024;

    private NearestNeighbors() {}

    /**
     * @param bank (N, D) rows to find
     * @param queries (Q, D) rows to find neighbours for; not changed, nor is the bank
     * @param k neighbours a query, 1 to {@value #MAX_K}; a smaller bank gives all its rows
     * @param threads threads to compute with, at least 1
     * @throws IllegalArgumentException if the dimensions differ or k or threads are out of range
     * @throws CancellationException if the calling thread is interrupted, which it still is then
     */
    public static Neighbors search(FeatureBank bank, FeatureBank queries, int k, int threads) {
        if (bank.dimension() != queries.dimension()) {
            throw new IllegalArgumentException(
                    "a bank of %d features can't answer queries of %d"
                            .formatted(bank.dimension(), queries.dimension()));
        }
        if (k < 1 || k > MAX_K || threads < 1) {
            throw new IllegalArgumentException(
                    "k must be 1 to %d and threads at least 1, not %d and %d"
                            .formatted(MAX_K, k, threads));
        }
        int found = Math.min(k, bank.size());
        int[] rows = new int[Math.multiplyExact(queries.size(), found)];
        double[] cosines = new double[rows.length];
        if (rows.length > 0) {
            run(threads, tileTasks(bank, queries, found, threads, rows, cosines));
        }
        return neighbors(bank, queries.size(), found, rows, cosines);
    }

    /** One task a thread: each takes the next tile of queries until none is left. */
    private static List<Runnable> tileTasks(
            FeatureBank bank,
            FeatureBank queries,
            int k,
            int threads,
            int[] rows,
            double[] cosines) {
        int share = (queries.size() + threads - 1) / threads;
        int width = Math.min(QueryTile.WIDTH, (share + 7) / 8 * 8);
        AtomicInteger next = new AtomicInteger();
        Runnable task =
                () -> {
                    QueryTile tile = new QueryTile(bank, queries, k, width);
                    int first = next.getAndAdd(width);
                    while (first < queries.size() && !Thread.currentThread().isInterrupted()) {
                        tile.search(first, rows, cosines);
                        first = next.getAndAdd(width);
                    }
                };
        int tiles = (queries.size() + width - 1) / width;
        return Collections.nCopies(Math.min(threads, tiles), task);
    }

    private static void run(int threads, List<Runnable> tasks) {
        ExecutorService pool = Executors.newFixedThreadPool(threads, named());
        try {
            List<Future<?>> running = new ArrayList<>();
            tasks.forEach(task -> running.add(pool.submit(task)));
            for (Future<?> future : running) {
                if (Thread.interrupted()) { // get() doesn't look where the task is done already
                    throw new InterruptedException();
                }
                future.get();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new CancellationException("the search for nearest neighbours was interrupted");
        } catch (ExecutionException failed) {
            throw new IllegalStateException(
                    "the search for nearest neighbours failed", failed.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    private static ThreadFactory named() {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, "knn-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private static Neighbors neighbors(
            FeatureBank bank, int queries, int k, int[] rows, double[] cosines) {
        int[] ids = new int[rows.length];
        int[] labels = new int[rows.length];
        for (int i = 0; i < rows.length; i++) {
            ids[i] = bank.id(rows[i]);
            labels[i] = bank.label(rows[i]);
        }
        return new Neighbors(queries, k, k == bank.size(), ids, labels, cosines);
    }
}
