package org.simreg.worker.exchange.reduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.simreg.worker.exchange.mesh.Peers;

/** Subtrees of all members, joined in any order, give the one expression of the tree. */
class TreeJoinTest {
    @Test
    void everySplitOfUpToElevenLeavesGivesTheTreesExpression() {
        Random random = new Random(1);
        for (int leaves = 1; leaves <= 11; leaves++) {
            for (int cuts = 0; cuts < 1 << (leaves - 1); cuts++) {
                Peers peers = peers(leaves, cuts);
                assertEquals(expression(0, leaves), joined(peers, random), peers.toString());
            }
        }
    }

    @Test
    void theSubtreesOfARangeCoverItAndAreNodesOfTheTree() {
        for (int leaves = 1; leaves <= 33; leaves++) {
            for (int first = 0; first < leaves; first++) {
                for (int end = first + 1; end <= leaves; end++) {
                    int next = first;
                    for (TreeJoin.Subtree part : TreeJoin.Subtree.of(first, end, leaves)) {
                        assertEquals(next, part.first());
                        assertTrue(isNode(part, leaves), part + " of " + leaves);
                        next = part.end();
                    }
                    assertEquals(end, next);
                }
            }
        }
    }

    @Test
    void aRangeIsFewSubtrees() {
        for (int leaves = 2; leaves <= 300; leaves++) {
            int depth = 32 - Integer.numberOfLeadingZeros(leaves - 1);
            for (int first = 0; first < leaves; first++) {
                int parts = TreeJoin.Subtree.of(first, leaves, leaves).size();
                assertTrue(parts <= depth + 1, parts + " from " + first + " of " + leaves);
            }
        }
    }

    /** An aligned power of two, or the right end of the tree from a split on. */
    private static boolean isNode(TreeJoin.Subtree part, int leaves) {
        int size = Integer.highestOneBit(Math.max(1, 2 * part.leaves() - 1));
        boolean aligned = part.first() % size == 0;
        return aligned && (part.leaves() == size || part.end() == leaves);
    }

    private static String joined(Peers peers, Random random) {
        TreeJoin tree = new TreeJoin(peers);
        List<Integer> numbers = new ArrayList<>();
        List<TreeJoin.Subtree> parts = new ArrayList<>();
        for (int rank = 0; rank < peers.size(); rank++) {
            for (TreeJoin.Subtree part : tree.parts(rank)) {
                assertTrue(tree.owns(rank, numbers.size()));
                numbers.add(numbers.size());
                parts.add(part);
            }
        }
        Collections.shuffle(numbers, random);
        String[] waiting = new String[tree.nodes()];
        String whole = null;
        for (int number : numbers) {
            assertNull(whole);
            TreeJoin.Subtree part = parts.get(number);
            String sum = expression(part.first(), part.leaves());
            whole = tree.join(waiting, number, sum, (left, right) -> "(" + left + "+" + right + ")");
        }
        return whole;
    }

    private static String expression(int from, int n) {
        if (n == 1) {
            return String.valueOf(from);
        }
        int left = 1;
        while (2 * left < n) {
            left *= 2;
        }
        return "(" + expression(from, left) + "+" + expression(from + left, n - left) + ")";
    }

    private static Peers peers(int leaves, int cuts) {
        List<Peers.Peer> peers = new ArrayList<>();
        int first = 0;
        for (int leaf = 1; leaf <= leaves; leaf++) {
            if (leaf == leaves || (cuts >> (leaf - 1) & 1) == 1) {
                peers.add(new Peers.Peer("w" + first, "", first, leaf - first));
                first = leaf;
            }
        }
        return new Peers("job", 1, 0, peers);
    }
}
