package org.simreg.worker.exchange.reduce;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import org.simreg.worker.exchange.mesh.Peers;

/**
 * The join of the members' subtrees into the sum of all leaves: the upper part of a {@link
 * TreeSum}'s tree. A subtree's number is its place among those of all members; the nodes above are
 * numbered after them.
 */
final class TreeJoin {
    private final List<Subtree> parts = new ArrayList<>();
    private final int[] offsets;
    private final int[] parent;
    private final int[] sibling;
    private final boolean[] isLeft;
    private final int root;
    private int nodes;
    private int part;

    TreeJoin(Peers peers) {
        offsets = new int[peers.size() + 1];
        for (int rank = 0; rank < peers.size(); rank++) {
            Peers.Peer peer = peers.get(rank);
            parts.addAll(Subtree.of(peer.first(), peer.end(), peers.leaves()));
            offsets[rank + 1] = parts.size();
        }
        parent = new int[2 * parts.size() - 1];
        sibling = new int[parent.length];
        isLeft = new boolean[parent.length];
        nodes = parts.size();
        Arrays.fill(parent, -1);
        root = number(new Subtree(0, peers.leaves()));
    }

    private int number(Subtree node) {
        if (node.equals(parts.get(part))) {
            return part++;
        }
        int left = number(node.left());
        int right = number(node.right());
        int above = nodes++;
        parent[left] = above;
        parent[right] = above;
        sibling[left] = right;
        sibling[right] = left;
        isLeft[left] = true;
        return above;
    }

    /** The subtrees of a member, in order. */
    List<Subtree> parts(int rank) {
        return parts.subList(offsets[rank], offsets[rank + 1]);
    }

    /** Number of the first subtree of a member; the others follow. */
    int firstPart(int rank) {
        return offsets[rank];
    }

    /** Whether a subtree is this member's. */
    boolean owns(int rank, int number) {
        return number >= offsets[rank] && number < offsets[rank + 1];
    }

    /** How many sums {@link #join} keeps at most. */
    int nodes() {
        return parent.length;
    }

    /**
     * Adds the sum of a subtree, in any order; every addition is left plus right.
     *
     * @param waiting sums whose other half is missing, {@link #nodes} long, nulls at first
     * @param add may overwrite and return the left
     * @return the sum of all, once it is there; otherwise null
     */
    <T> T join(T[] waiting, int number, T sum, BinaryOperator<T> add) {
        int node = number;
        T value = sum;
        while (node != root) {
            int other = sibling[node];
            if (waiting[other] == null) {
                waiting[node] = value;
                return null;
            }
            value = isLeft[node] ? add.apply(value, waiting[other]) : add.apply(waiting[other], value);
            waiting[other] = null;
            node = parent[node];
        }
        return value;
    }

    /**
     * A node of the tree: the leaves from {@code first} to before {@code end}. A node of n leaves
     * is split at the largest power of two below n.
     */
    record Subtree(int first, int end) {
        /** The largest subtrees that lie in a range of leaves, in order: its owner sums them. */
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
}
