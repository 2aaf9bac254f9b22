package org.simreg.worker.reduce;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.function.Function;

/**
 * The reduction of one generation: each member owns a segment of the vector, gets the others'
 * partial sums of it (reduce-scatter), and sends the sum to all (all-gather). Partial sums are
 * whole subtrees of the tree, and leave as soon as they are complete. The mean has the bits of
 * {@link LocalReduce}, whoever computed what. If a member can't be reached, or its frames can't be
 * trusted, means fail with {@link Abandoned}, now and later, and the message names it.
 */
public final class ClusterReduce implements Reduce {
    private final Reduce reduce;

    /**
     * @param lanes stay the caller's
     * @param circle the generation; begins here only once
     * @param scope owner of the vectors; closed with this
     * @param allocate makes a zeroed float32 vector, as long on every member
     */
    public ClusterReduce(
            Lanes lanes, Circle circle, NDManager scope, Function<NDManager, NDArray> allocate) {
        reduce =
                circle.peers().size() == 1
                        ? new LocalReduce(scope, allocate)
                        : new SharedReduce(lanes.switchboard(), circle, scope, allocate);
    }

    @Override
    public Round begin(long step, int leaves) {
        return reduce.begin(step, leaves);
    }

    @Override
    public void abandon(String reason) {
        reduce.abandon(reason);
    }

    /**
     * Frees everything. Waits a moment, at most a second, for what the others still need of the
     * last step, unless it was abandoned.
     */
    @Override
    public void close() {
        reduce.close();
    }
}
