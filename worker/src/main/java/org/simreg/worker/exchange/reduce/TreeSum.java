package org.simreg.worker.exchange.reduce;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BinaryOperator;

/**
 * A streaming sum whose additions have one fixed order, that of a binary tree. The leaves 0 to n -
 * 1 form the tree: n leaves are split at the largest power of two below n, and each node is left +
 * right. Leaves come in order; at most log2(n) + 1 partial sums are alive at a time.
 *
 * @param <T> a vector
 */
final class TreeSum<T> {
    /** The sum of a subtree. */
    private record Partial<T>(T sum, int leaves) {}

    private final BinaryOperator<T> add;
    private final Deque<Partial<T>> partials = new ArrayDeque<>();

    /**
     * @param add sum of left and right; may overwrite and return the left
     */
    TreeSum(BinaryOperator<T> add) {
        this.add = add;
    }

    /** Adds the next leaf. */
    void next(T leaf) {
        Partial<T> partial = new Partial<>(leaf, 1);
        while (!partials.isEmpty() && partials.peek().leaves == partial.leaves) {
            partial = merged(partials.pop(), partial);
        }
        partials.push(partial);
    }

    /** The sum of all leaves. At least one was added. */
    T total() {
        Partial<T> total = partials.pop();
        while (!partials.isEmpty()) {
            total = merged(partials.pop(), total);
        }
        return total.sum;
    }

    private Partial<T> merged(Partial<T> left, Partial<T> right) {
        return new Partial<>(add.apply(left.sum, right.sum), left.leaves + right.leaves);
    }
}
