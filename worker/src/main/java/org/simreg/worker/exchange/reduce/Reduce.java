package org.simreg.worker.exchange.reduce;

import ai.djl.ndarray.NDArray;
import java.util.concurrent.Future;

/**
 * The reduction of a step's vectors to their mean, among all who compute leaves. A leaf is the
 * vector of one backward pass over one micro-batch.
 */
public interface Reduce extends AutoCloseable {
    /**
     * Begins a step; the one before has ended.
     *
     * @param leaves leaves of the whole step, computed here or elsewhere
     */
    Round begin(long step, int leaves);

    /**
     * Stops waiting for others: means that are not there yet, now or later, fail with {@code
     * Abandoned}. Any thread may call it.
     */
    void abandon(String reason);

    /** Frees the vectors, the last mean among them. */
    @Override
    void close();

    /** The reduction of one step. Leaves are offered in ascending order. */
    interface Round {
        /** A vector to be overwritten with the next leaf of this worker. */
        NDArray vector();

        /** Offers the vector that was last given, as this leaf. */
        void offer(int leaf);

        /**
         * The mean over all leaves; it stays valid until the next round begins. Fails with {@code
         * Abandoned} as its cause if another worker's part won't come.
         */
        Future<NDArray> mean();
    }
}
