package org.simreg.worker.reduce;

import java.util.ArrayList;
import java.util.List;

/**
 * A node of the tree of {@link TreeSum}: the leaves from {@code first} to before {@code end}. A
 * node of n leaves is split at the largest power of two below n.
 */
record Subtree(int first, int end) {
    /** The largest subtrees that lie in a range of leaves, in order: what its owner sums alone. */
    static List<Subtree> of(int first, int end, int leaves) {
        List<Subtree> whole = new ArrayList<>();
        new Subtree(0, leaves).collect(first, end, whole);
        return whole;
    }

    private void collect(int from, int to, List<Subtree> whole) {
        if (to <= first || end <= from) {
            return;
        }
        if (from <= first && end <= to) {
            whole.add(this);
            return;
        }
        left().collect(from, to, whole);
        right().collect(from, to, whole);
    }

    int leaves() {
        return end - first;
    }

    Subtree left() {
        return new Subtree(first, first + half());
    }

    Subtree right() {
        return new Subtree(first + half(), end);
    }

    private int half() {
        return Integer.highestOneBit(leaves() - 1);
    }
}
