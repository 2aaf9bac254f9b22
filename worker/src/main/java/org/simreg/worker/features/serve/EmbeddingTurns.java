package org.simreg.worker.features.serve;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.simreg.worker.base.concurrent.Abandoned;

/**
 * The turns of those who compute with one network, in the order in which they ask: one computes at a time. Whose images
 * don't come for a while loses its turn to the next who asks, and is interrupted. Safe for all threads.
 */
final class EmbeddingTurns {
    private static final long LOOK_MS = 500;

    private final long patience;
    private final LongSupplier nanos;

    /** Guarded by this. */
    private final Deque<Turn> queue = new ArrayDeque<>();

    /** Null: nobody computes. Guarded by this. */
    private Turn current;

    /**
     * @param patience for which the images of one may be waited for, while others wait for its turn
     * @param nanos a clock in nanoseconds
     */
    EmbeddingTurns(Duration patience, LongSupplier nanos) {
        this.patience = patience.toNanos();
        this.nanos = nanos;
    }

    /**
     * Waits until it is this thread's turn.
     *
     * @param stopped whether it isn't wanted any more; asked some times a second
     * @throws Abandoned if it isn't, or the thread is interrupted, which it still is then
     */
    synchronized Turn take(BooleanSupplier stopped) {
        Turn mine = new Turn(Thread.currentThread());
        queue.add(mine);
        try {
            while (queue.peek() != mine || current != null && !current.yields()) {
                wait(LOOK_MS);
                if (stopped.getAsBoolean()) {
                    throw new Abandoned("its turn didn't come while it was wanted");
                }
            }
            current = mine;
            return mine;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Abandoned("interrupted");
        } finally {
            queue.remove(mine);
            notifyAll();
        }
    }

    /**
     * Waits until nobody computes.
     *
     * @return false if somebody still does after that time
     */
    synchronized boolean awaitEnd(Duration most) throws InterruptedException {
        long end = System.nanoTime() + most.toNanos();
        while (current != null && System.nanoTime() < end) {
            wait(LOOK_MS);
        }
        return current == null;
    }

    /** The turn of one thread, until it is closed or lost. */
    final class Turn implements AutoCloseable {
        private final Thread thread;
        private boolean waits;
        private long since;
        private boolean lost;

        private Turn(Thread thread) {
            this.thread = thread;
        }

        /** It begins to wait for images. */
        void waits() {
            synchronized (EmbeddingTurns.this) {
                waits = true;
                since = nanos.getAsLong();
            }
        }

        /**
         * It has its images and computes.
         *
         * @throws Abandoned if it has lost its turn
         */
        void computes() {
            synchronized (EmbeddingTurns.this) {
                if (lost) {
                    throw new Abandoned("others have had its turn");
                }
                waits = false;
            }
        }

        boolean isLost() {
            synchronized (EmbeddingTurns.this) {
                return lost;
            }
        }

        /** The caller holds the lock. */
        private boolean yields() {
            if (waits && nanos.getAsLong() - since > patience) {
                lost = true;
                thread.interrupt();
            }
            return lost;
        }

        /** What the thread does next must not be interrupted in its place. */
        @Override
        public void close() {
            synchronized (EmbeddingTurns.this) {
                if (current == this) {
                    current = null;
                    EmbeddingTurns.this.notifyAll();
                }
                if (lost) {
                    Thread.interrupted();
                }
                waits = false;
            }
        }
    }
}
