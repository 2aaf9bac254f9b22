package org.simreg.worker.reduce;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Function;

/** The reduction of a worker that computes every leaf itself: the same tree, on the device. */
public final class LocalReduce implements Reduce {
    private final NDManager scope;
    private final Function<NDManager, NDArray> allocate;
    private final Deque<NDArray> free = new ArrayDeque<>();
    private NDArray result;

    /**
     * @param scope owner of the vectors; closed with this
     * @param allocate makes a zeroed vector
     */
    public LocalReduce(NDManager scope, Function<NDManager, NDArray> allocate) {
        this.scope = scope;
        this.allocate = allocate;
    }

    @Override
    public Round begin(long step, int leaves) {
        if (result != null) {
            free.push(result);
            result = null;
        }
        return new LocalRound(leaves);
    }

    /** Nobody else is waited for. */
    @Override
    public void abandon(String reason) {}

    @Override
    public void close() {
        scope.close();
    }

    private final class LocalRound implements Round {
        private final int leaves;
        private final TreeSum<NDArray> sum = new TreeSum<>(this::add);
        private NDArray given;

        LocalRound(int leaves) {
            this.leaves = leaves;
        }

        private NDArray add(NDArray left, NDArray right) {
            left.addi(right);
            free.push(right);
            return left;
        }

        @Override
        public NDArray vector() {
            given = free.isEmpty() ? allocate.apply(scope) : free.pop();
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
