package org.simreg.coordinator.job.schedule;

import java.util.ArrayList;
import java.util.List;

/**
 * The shares of a step: one contiguous range of its micro-batches a member. Sizes differ by at most
 * one, because the largest range sets the pace; the larger ranges lie where the ranges together
 * make the fewest whole subtrees of the summation tree (n leaves split at the largest power of two
 * below n), because a member sends one partial sum a subtree.
 */
public final class MicroBatchShares {
    private MicroBatchShares() {}

    /**
     * One member's micro-batches.
     *
     * @param first from 0
     * @param count at least 1
     */
    public record Share(int first, int count) {}

    /**
     * @param microBatches of a step
     * @param members from 1 to {@code microBatches}
     * @return in order of rank, without a gap
     */
    public static List<Share> of(int microBatches, int members) {
        if (members < 1 || members > microBatches) {
            throw new IllegalArgumentException(microBatches + " micro-batches for " + members + " members");
        }
        int small = microBatches / members;
        int larger = microBatches % members;
        int[][] costs = costs(microBatches, members, larger);
        List<Share> shares = new ArrayList<>(members);
        int used = 0;
        for (int rank = 0; rank < members; rank++) {
            int first = rank * small + used;
            boolean large = used < larger
                    && (members - rank == larger - used
                            || cost(costs, microBatches, rank, used, true)
                                    <= cost(costs, microBatches, rank, used, false));
            shares.add(new Share(first, large ? small + 1 : small));
            used += large ? 1 : 0;
        }
        return shares;
    }

    /** Fewest subtrees of ranks r and up, when {@code used} of the larger ranges lie below r. */
    private static int[][] costs(int leaves, int members, int larger) {
        int[][] costs = new int[members + 1][larger + 1];
        for (int rank = members - 1; rank >= 0; rank--) {
            for (int used = Math.min(rank, larger); used >= 0; used--) {
                int left = larger - used;
                int least = Integer.MAX_VALUE;
                if (left > 0) {
                    least = cost(costs, leaves, rank, used, true);
                }
                if (members - rank > left) {
                    least = Math.min(least, cost(costs, leaves, rank, used, false));
                }
                costs[rank][used] = least;
            }
        }
        return costs;
    }

    private static int cost(int[][] costs, int leaves, int rank, int used, boolean large) {
        int small = leaves / (costs.length - 1);
        int first = rank * small + used;
        int end = first + small + (large ? 1 : 0);
        int rest = costs[rank + 1][used + (large ? 1 : 0)];
        // What can't be completed costs as much as it can without an overflow.
        return rest == Integer.MAX_VALUE ? rest : rest + subtrees(0, leaves, first, end);
    }

    /** Maximal whole subtrees of [first, end) below the node that spans [low, high). */
    public static int subtrees(int low, int high, int first, int end) {
        if (end <= low || high <= first) {
            return 0;
        }
        if (first <= low && high <= end) {
            return 1;
        }
        int split = low + Integer.highestOneBit(high - low - 1);
        return subtrees(low, split, first, end) + subtrees(split, high, first, end);
    }
}
