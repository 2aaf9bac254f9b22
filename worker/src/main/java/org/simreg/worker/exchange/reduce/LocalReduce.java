package org.simreg.worker.exchange.reduce;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Function;

/** The reduction of a worker that computes every leaf itself: the same tree, on the device. */
public final class LocalReduce implements Reduce {
    private final DeviceVectors vectors;
    private NDArray result;

    /**
     * @param scope owner of the vectors; closed with this
     * @param allocate makes a zeroed vector
     */
    public LocalReduce(NDManager scope, Function<NDManager, NDArray> allocate) {
        vectors = new DeviceVectors(scope, allocate);
    }

    @Override
    public Round begin(long step, int leaves) {
        if (result != null) {
            vectors.free(result);
            result = null;
        }
        return new LocalRound(leaves);
    }

    /** Does nothing: nobody else is waited for. */
    @Override
    public void abandon(String reason) {}

    @Override
    public void close() {
        vectors.close();
    }

    /** The reduction of one step, whose leaves are all computed here. */
    private final class LocalRound implements Round {
        private final int leaves;
        private final TreeSum<NDArray> sum = new TreeSum<>(vectors::add);
        private NDArray given;

        LocalRound(int leaves) {
            this.leaves = leaves;
        }

        @Override
        public NDArray vector() {
            given = vectors.next();
            return given;
        }

        @Override
        public void offer(int leaf) {
            sum.next(given);
        }

        @Override
        public Future<NDArray> mean() {
            result = sum.total();
            if (leaves > 1) {
                result.divi(leaves);
            }
            return CompletableFuture.completedFuture(result);
        }
    }
}
