package org.simreg.worker.data.loader;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.SampleSource;

/**
 * The batches of a sequence of requests, in its order. One thread takes them; decode threads make
 * them ahead, never more than the loader's queue depth.
 */
public final class BatchStream implements AutoCloseable {
    private final BatchLoader loader;
    private final Iterator<BatchLoader.Request> requests;
    private final int depth;
    private final Batch.BufferPool pool;
    private final Deque<BatchLoader.Request> upcoming = new ArrayDeque<>();
    private final Deque<Batch> queue = new ArrayDeque<>();
    private int unclaimed;
    private boolean reading;
    private int active;
    private boolean exhausted;
    private Throwable failure;
    private volatile boolean closed;

    /** A piece of work for one thread, which doesn't hold the loader's lock meanwhile. */
    sealed interface Work {
        /** What it is a part of. */
        BatchStream batches();
    }

    /** One row of a batch, to be made. */
    record Row(BatchStream batches, Batch batch, int index) implements Work {}

    /** The reading of the next request, of which there is one at a time: requests may look at disks. */
    record Reading(BatchStream batches) implements Work {}

    BatchStream(BatchLoader loader, Iterator<BatchLoader.Request> requests, int depth, Batch.BufferPool pool) {
        this.loader = loader;
        this.requests = requests;
        this.depth = depth;
        this.pool = pool;
    }

    /** Whether another batch can be taken; waits until the decode threads know. */
    public boolean hasNext() {
        synchronized (loader) {
            while (!isOver() && queue.isEmpty() && !exhausted) {
                await();
            }
            return !closed && (!queue.isEmpty() || failure != null);
        }
    }

    /**
     * Waits until {@link #hasNext} and {@link #next} don't wait, at most a while.
     *
     * @return whether that is so
     */
    public boolean awaitNext(long ms) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        synchronized (loader) {
            while (!isOver() && (queue.isEmpty() ? !exhausted : !queue.peek().isComplete())) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                await(left);
            }
            return true;
        }
    }

    /**
     * Waits for the batch of the next request. The caller closes it.
     *
     * @throws NoSuchElementException after the last request's batch
     * @throws UserError if no image of the folder can be read
     * @throws CancellationException if this or the loader is closed, or the thread interrupted,
     *     meanwhile
     * @throws IllegalStateException if decoding failed otherwise; the cause says why
     */
    public Batch next() {
        synchronized (loader) {
            while (hasNext() && !isOver() && !queue.peek().isComplete()) {
                await();
            }
            if (failure instanceof UserError error) {
                throw error;
            } else if (failure != null) {
                throw new IllegalStateException("a batch could not be made", failure);
            } else if (closed) {
                throw new CancellationException("the batches were closed");
            } else if (queue.isEmpty()) {
                throw new NoSuchElementException("all requested batches were taken");
            }
            loader.notifyAll();
            return queue.remove();
        }
    }

    private boolean isOver() {
        return closed || failure != null;
    }

    private void await() {
        await(TimeUnit.DAYS.toNanos(1));
    }

    private void await(long nanos) {
        try {
            TimeUnit.NANOSECONDS.timedWait(loader, nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for a batch");
        }
    }

    /** What is to be done next, or null if there is nothing now. The caller holds the loader's lock. */
    Work claim() {
        if (isOver()) {
            return null;
        }
        if (unclaimed == 0) {
            if (reading || exhausted || queue.size() == depth) {
                return null;
            }
            reading = true;
            active++;
            return new Reading(this);
        }
        Batch batch = queue.getLast();
        active++;
        return new Row(this, batch, batch.size() - unclaimed--);
    }

    /** Reads the next request, as claimed. The caller doesn't hold the loader's lock. */
    void read() {
        BatchLoader.Request request = nextRequest();
        Batch batch = request == null ? null : new Batch(request, pool);
        synchronized (loader) {
            reading = false;
            if (batch == null) {
                exhausted = true;
            } else if (isOver()) {
                batch.close();
            } else {
                queue.add(batch);
                unclaimed = batch.size();
            }
        }
    }

    /** Null after the last. The source hears of some more, as it wants. */
    private BatchLoader.Request nextRequest() {
        SampleSource source = loader.source();
        while (upcoming.size() <= source.lookahead() && requests.hasNext()) {
            BatchLoader.Request request = requests.next();
            source.ahead(request.ids(), this::isWanted);
            upcoming.add(request);
        }
        return upcoming.poll();
    }

    /** Whether the batches are still to be made; asked from any thread. */
    boolean isWanted() {
        return !closed;
    }

    /** What was claimed is done, or could not be. The caller holds the loader's lock. */
    void release(Throwable cause) {
        active--;
        // A failure after closing is its consequence.
        failure = failure == null && !closed ? cause : failure;
    }

    /**
     * Drops the batches that were not taken, once no thread works on them. The loader stays open
     * for others.
     */
    @Override
    public void close() {
        end().forEach(Batch::close);
    }

    /**
     * Closes it, but for the batches that are made already.
     *
     * @return those of the next requests, in order, as far as they are whole; the caller closes them
     */
    public List<Batch> end() {
        List<Batch> made = new ArrayList<>();
        synchronized (loader) {
            closed = true;
            loader.forget(this);
            loader.notifyAll();
            boolean interrupted = false;
            while (active > 0) {
                try {
                    loader.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            while (!queue.isEmpty() && queue.peek().isComplete()) {
                made.add(queue.remove());
            }
            queue.forEach(Batch::close);
            queue.clear();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return made;
    }
}
