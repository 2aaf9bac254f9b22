package org.simreg.coordinator.job.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.job.schedule.MicroBatchShares.Share;

class MicroBatchSharesTest {
    @Test
    void everyMicroBatchIsComputedOnceAndSizesDifferByAtMostOne() {
        for (int leaves = 1; leaves <= 64; leaves++) {
            for (int members = 1; members <= leaves; members++) {
                List<Share> shares = MicroBatchShares.of(leaves, members);
                assertEquals(members, shares.size());
                int next = 0;
                int least = leaves;
                int most = 0;
                for (Share share : shares) {
                    assertEquals(next, share.first());
                    next += share.count();
                    least = Math.min(least, share.count());
                    most = Math.max(most, share.count());
                }
                assertEquals(leaves, next);
                assertTrue(least >= 1 && most - least <= 1, leaves + " for " + members);
            }
        }
    }

    @Test
    void halvesAndQuartersAreWholeSubtrees() {
        for (int members : new int[] {1, 2, 4, 8, 16}) {
            for (Share share : MicroBatchShares.of(16, members)) {
                assertEquals(1, subtrees(16, share));
            }
        }
    }

    @Test
    void threeOfFourTakeAWholeHalfAndTwoLeaves() {
        List<Share> shares = MicroBatchShares.of(4, 3);
        assertEquals(3, shares.stream().mapToInt(share -> subtrees(4, share)).sum());
    }

    /** Against all ways to place the larger ranges. */
    @Test
    void noOtherPlaceOfTheLargerRangesMakesFewerSubtrees() {
        for (int leaves = 1; leaves <= 16; leaves++) {
            for (int members = 1; members <= leaves; members++) {
                int all = leaves;
                int found = MicroBatchShares.of(leaves, members).stream()
                        .mapToInt(share -> subtrees(all, share))
                        .sum();
                assertEquals(fewest(leaves, members), found, leaves + " for " + members);
            }
        }
    }

    private static int fewest(int leaves, int members) {
        int larger = leaves % members;
        int best = Integer.MAX_VALUE;
        for (int mask = 0; mask < 1 << members; mask++) {
            if (Integer.bitCount(mask) != larger) {
                continue;
            }
            int first = 0;
            int sum = 0;
            for (int rank = 0; rank < members; rank++) {
                int count = leaves / members + (mask >> rank & 1);
                sum += MicroBatchShares.subtrees(0, leaves, first, first + count);
                first += count;
            }
            best = Math.min(best, sum);
        }
        return best;
    }

    private static int subtrees(int leaves, Share share) {
        return MicroBatchShares.subtrees(0, leaves, share.first(), share.first() + share.count());
    }

    @Test
    void moreMembersThanMicroBatchesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> MicroBatchShares.of(2, 3));
    }
}
