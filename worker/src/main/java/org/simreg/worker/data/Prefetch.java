package org.simreg.worker.data;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.simreg.proto.UserError;

/**
 * Samples of a request that are read before they are decoded.
 *
 * @param ids the samples
 * @param wanted whether the request is still to be made into a batch
 * @param done completes when they are in the cache, or are known to be unreadable, or can't be had
 */
record Prefetch(int[] ids, BooleanSupplier wanted, CompletableFuture<Void> done) {
    private static final long LOOK_UP_MS = 50;

    Prefetch(int[] ids, BooleanSupplier wanted) {
        this(ids, wanted, new CompletableFuture<>());
    }

    /** Whether samples will not come by this any more. */
    boolean isOver() {
        return done.isDone() || !wanted.getAsBoolean();
    }

    /** Does the work, on this thread. */
    void run(Runnable work) {
        try {
            work.run();
            done.complete(null);
        } catch (Throwable e) {
            // Also an error: the decode thread that waits must hear of it.
            done.completeExceptionally(e);
        }
    }

    /**
     * Waits until it is done; if it was given up because nobody wanted it, only until then.
     *
     * @param still whether the caller waits
     * @throws UserError if the samples can't be had
     * @throws CancellationException if the caller doesn't wait any more
     */
    void await(BooleanSupplier still) {
        boolean ended = false;
        while (!ended) {
            try {
                done.get(LOOK_UP_MS, TimeUnit.MILLISECONDS);
                ended = true;
            } catch (TimeoutException e) {
                if (!still.getAsBoolean()) {
                    throw new CancellationException("the batch isn't wanted any more");
                }
                ended = isOver();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted while waiting for samples");
            } catch (CancellationException e) {
                // That others gave up is no reason to.
                ended = true;
            } catch (ExecutionException e) {
                rethrow(e.getCause());
            }
        }
    }

    private static void rethrow(Throwable cause) {
        if (cause instanceof UserError error) {
            throw error;
        } else if (cause instanceof Error error) {
            throw error;
        }
        throw new IllegalStateException("samples could not be read ahead", cause);
    }
}
