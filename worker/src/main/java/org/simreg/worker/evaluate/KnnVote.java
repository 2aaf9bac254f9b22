package org.simreg.worker.evaluate;

import java.util.Arrays;
import java.util.List;

/**
 * k-NN classification by an unweighted majority of the k nearest neighbours, as the SimReg paper
 * evaluates (arXiv 2201.05131, section 4). The published code breaks ties between classes at
 * random; here the nearest neighbour among the tied classes decides, so that a number can be
 * repeated.
 */
public final class KnnVote {
    private KnnVote() {}

    /**
     * @param neighbors the neighbours of Q queries
     * @param labels (Q) true classes of the queries
     * @param k how many neighbours vote, for each score that is wanted; a bank smaller than k votes
     *     as a whole
     * @return one score a k, in the order of {@code k}; accuracy 0 if there are no queries
     * @throws IllegalArgumentException if k is below 1 or more neighbours are asked for than were
     *     searched, or the labels are not Q
     */
    public static List<Score> accuracy(Neighbors neighbors, int[] labels, int... k) {
        if (labels.length != neighbors.queries()) {
            throw new IllegalArgumentException(
                    "%d labels don't fit %d queries".formatted(labels.length, neighbors.queries()));
        }
        return Arrays.stream(k).mapToObj(votes -> score(neighbors, labels, votes)).toList();
    }

    /**
     * The class that the k nearest neighbours vote for.
     *
     * @return (Q) class numbers
     * @throws IllegalArgumentException if k is below 1 or above what was searched, or the bank is
     *     empty
     */
    public static int[] classes(Neighbors neighbors, int k) {
        if (k < 1 || (k > neighbors.k() && !neighbors.whole())) {
            throw new IllegalArgumentException(
                    "%d neighbours can't vote: %d a query were searched"
                            .formatted(k, neighbors.k()));
        }
        int voters = Math.min(k, neighbors.k());
        int[] counts = new int[Arrays.stream(neighbors.labels()).max().orElse(-1) + 1];
        int[] winners = new int[neighbors.queries()];
        for (int query = 0; query < winners.length; query++) {
            winners[query] = winner(neighbors, query, voters, counts);
        }
        return winners;
    }

    private static Score score(Neighbors neighbors, int[] labels, int k) {
        int[] classes = classes(neighbors, k);
        int right = 0;
        for (int query = 0; query < classes.length; query++) {
            right += classes[query] == labels[query] ? 1 : 0;
        }
        return new Score(k, right / (double) Math.max(1, classes.length));
    }

    /** {@code counts} is all zero before and after. */
    private static int winner(Neighbors neighbors, int query, int voters, int[] counts) {
        int most = 0;
        for (int rank = 0; rank < voters; rank++) {
            most = Math.max(most, ++counts[neighbors.label(query, rank)]);
        }
        int winner = -1;
        for (int rank = voters - 1; rank >= 0; rank--) {
            winner =
                    counts[neighbors.label(query, rank)] == most
                            ? neighbors.label(query, rank)
                            : winner;
        }
        for (int rank = 0; rank < voters; rank++) {
            counts[neighbors.label(query, rank)] = 0;
        }
        return winner;
    }
}
