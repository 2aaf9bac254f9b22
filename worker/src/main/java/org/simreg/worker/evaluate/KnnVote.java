package org.simreg.worker.evaluate;

import java.util.Arrays;
import java.util.List;

/**
 * k-NN classification by a vote of the k nearest neighbours, each with the weight that a {@link
 * VoteRule} gives it. The published code of SimReg breaks ties between classes at random; here the
 * nearest neighbour among the tied classes decides, so that a number can be repeated.
 */
public final class KnnVote {
    private KnnVote() {}

    /**
     * Accuracy of the unweighted majority, as the SimReg paper evaluates (arXiv 2201.05131, section
     * 4).
     *
     * @param neighbors the neighbours of Q queries
     * @param labels (Q) true classes of the queries
     * @param k how many neighbours vote, for each score that is wanted; a bank smaller than k votes
     *     as a whole
     * @return one score a k, in the order of {@code k}; accuracy 0 if there are no queries
     * @throws IllegalArgumentException if k is below 1 or more neighbours are asked for than were
     *     searched, or the labels are not Q
     */
    public static List<Score> accuracy(Neighbors neighbors, int[] labels, int... k) {
        return Arrays.stream(k)
                .mapToObj(
                        votes ->
                                new Score(
                                        votes,
                                        accuracy(neighbors, labels, VoteRule.majority(votes))))
                .toList();
    }

    /**
     * Part of the queries whose class is found by a rule.
     *
     * @param labels (Q) true classes of the queries
     * @return 0 to 1; 0 if there are no queries
     * @throws IllegalArgumentException if more neighbours are to vote than were searched, or the
     *     labels are not Q
     */
    public static double accuracy(Neighbors neighbors, int[] labels, VoteRule rule) {
        if (labels.length != neighbors.queries()) {
            throw new IllegalArgumentException(
                    "%d labels don't fit %d queries".formatted(labels.length, neighbors.queries()));
        }
        int[] classes = classes(neighbors, rule);
        int right = 0;
        for (int query = 0; query < classes.length; query++) {
            right += classes[query] == labels[query] ? 1 : 0;
        }
        return right / (double) Math.max(1, classes.length);
    }

    /** The class that the majority of the k nearest neighbours votes for. */
    public static int[] classes(Neighbors neighbors, int k) {
        return classes(neighbors, VoteRule.majority(k));
    }

    /**
     * The class that the nearest neighbours vote for.
     *
     * @return (Q) class numbers
     * @throws IllegalArgumentException if more are to vote than were searched, or the bank is empty
     */
    public static int[] classes(Neighbors neighbors, VoteRule rule) {
        if (rule.k() > neighbors.k() && !neighbors.whole()) {
            throw new IllegalArgumentException(
                    "%d neighbours can't vote: %d a query were searched"
                            .formatted(rule.k(), neighbors.k()));
        }
        double[] votes = new double[Arrays.stream(neighbors.labels()).max().orElse(-1) + 1];
        int[] winners = new int[neighbors.queries()];
        for (int query = 0; query < winners.length; query++) {
            winners[query] = winner(neighbors, query, rule, votes);
        }
        return winners;
    }

    /** {@code votes} is all zero before and after. */
    private static int winner(Neighbors neighbors, int query, VoteRule rule, double[] votes) {
        int voters = Math.min(rule.k(), neighbors.k());
        double nearest = neighbors.cosine(query, 0);
        for (int rank = 0; rank < voters; rank++) {
            double weight = rule.weight(neighbors.cosine(query, rank), nearest);
            votes[neighbors.label(query, rank)] += weight;
        }
        int winner = neighbors.label(query, 0);
        for (int rank = 1; rank < voters; rank++) {
            int label = neighbors.label(query, rank);
            winner = votes[label] > votes[winner] ? label : winner;
        }
        for (int rank = 0; rank < voters; rank++) {
            votes[neighbors.label(query, rank)] = 0;
        }
        return winner;
    }
}
