package org.simreg.worker.exchange.reduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The additions and their order depend on the number of leaves alone. */
class TreeSumTest {
    private static final int MOST = 300;

    @Test
    void everyCountOfLeavesGivesTheTreeOfTheDefinition() {
        for (int n = 1; n <= MOST; n++) {
            assertEquals(definition(0, n), streamed(n), n + " leaves");
        }
    }

    @Test
    void everyLeafIsAddedOnce() {
        for (int n = 1; n <= MOST; n++) {
            TreeSum<Set<Integer>> sum = new TreeSum<>((left, right) -> {
                left.forEach(leaf -> assertTrue(right.add(leaf), "leaf " + leaf));
                return right;
            });
            IntStream.range(0, n).forEach(leaf -> sum.next(new HashSet<>(Set.of(leaf))));
            assertEquals(n, sum.total().size());
        }
    }

    @Test
    void fewPartialSumsAreAliveAtATime() {
        for (int n = 1; n <= MOST; n++) {
            int[] alive = {0, 0};
            TreeSum<String> sum = new TreeSum<>((left, right) -> {
                alive[0]--;
                return left;
            });
            for (int leaf = 0; leaf < n; leaf++) {
                alive[0]++;
                sum.next("");
                alive[1] = Math.max(alive[1], alive[0]);
            }
            sum.total();
            int bound = 32 - Integer.numberOfLeadingZeros(n);
            assertEquals(1, alive[0], "one sum is left of " + n);
            assertTrue(alive[1] <= bound, alive[1] + " alive of " + n + ", allowed " + bound);
        }
    }

    private static String streamed(int n) {
        TreeSum<String> sum = new TreeSum<>((left, right) -> "(" + left + "+" + right + ")");
        IntStream.range(0, n).forEach(leaf -> sum.next(String.valueOf(leaf)));
        return sum.total();
    }

    /** Split at the largest power of two below the count: the definition, by recursion. */
    private static String definition(int from, int n) {
        if (n == 1) {
            return String.valueOf(from);
        }
        int left = 1;
        while (2 * left < n) {
            left *= 2;
        }
        return "(" + definition(from, left) + "+" + definition(from + left, n - left) + ")";
    }
}
