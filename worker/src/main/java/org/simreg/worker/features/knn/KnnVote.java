package org.simreg.worker.features.knn;

import java.util.Arrays;
import java.util.List;
import org.simreg.worker.features.search.TopK;

/**
 * A vote of the k nearest neighbours on the classes of some queries, each neighbour with the weight
 * that a {@link VotingRule} gives it. The published code of SimReg breaks ties between classes at
 * random; here the nearest neighbour among the tied classes decides, so that a number can be
 * repeated.
 *
 * @param neighbors of Q queries
 * @param rows how many rows were searched; a bank smaller than k votes as a whole
 */
public record KnnVote(TopK neighbors, long rows) {
    /**
     * A rule by which the nearest neighbours vote.
     *
     * @param k how many vote, at least 1
     * @param temperature T, above 0: a neighbour has the weight exp(cosine / T); infinite for one
     *     vote each
     */
    public record VotingRule(int k, double temperature) {
        /**
         * The rules that published figures were made with: SimReg's majority of 1 and of 20 (arXiv
         * 2201.05131, section 4), DINO's weighted 20 with T 0.07 (arXiv 2104.14294, section 4), and
         * the weighted 200 with T 0.1 of instance discrimination and its successors (arXiv
         * 1805.01978, section 3), which some run with T 0.2.
         */
        public static final List<VotingRule> PUBLISHED = List.of(
                majority(1),
                majority(20),
                new VotingRule(20, 0.07),
                new VotingRule(200, 0.1),
                new VotingRule(200, 0.2));

        public VotingRule {
            if (k < 1 || k > NearestNeighbors.MAX_K || !(temperature > 0)) {
                throw new IllegalArgumentException(
                        "a vote takes 1 to %d neighbours and a temperature above 0, not %d and %s"
                                .formatted(NearestNeighbors.MAX_K, k, temperature));
            }
        }

        /**
         * This rule in a bank: all rows vote if there are fewer than k.
         *
         * @param rows of the bank, at least 1
         */
        public VotingRule within(long rows) {
            return rows < k ? new VotingRule((int) rows, temperature) : this;
        }

        /** One vote each. */
        public static VotingRule majority(int k) {
            return new VotingRule(k, Double.POSITIVE_INFINITY);
        }

        /** Whether nearer neighbours count more. */
        public boolean weighted() {
            return temperature < Double.POSITIVE_INFINITY;
        }

        /**
         * The weight of a neighbour relative to that of the nearest: exp((cosine - nearest) / T),
         * which can't overflow.
         */
        double weight(double cosine, double nearest) {
            return weighted() ? Math.exp((cosine - nearest) / temperature) : 1;
        }
    }

    /**
     * The accuracy of a majority of k.
     *
     * @param k neighbours that voted
     * @param accuracy part of the queries whose class was found, 0 to 1
     */
    public record Score(int k, double accuracy) {}

    /**
     * Accuracy of the unweighted majority, as the SimReg paper evaluates (arXiv 2201.05131, section
     * 4).
     *
     * @param labels (Q) true classes of the queries
     * @param k how many neighbours vote, for each score that is wanted
     * @return one score a k, in the order of {@code k}; accuracy 0 if there are no queries
     * @throws IllegalArgumentException if k is below 1 or more neighbours are asked for than were
     *     searched, or the labels are not Q
     */
    public List<Score> accuracy(int[] labels, int... k) {
        return Arrays.stream(k)
                .mapToObj(votes -> new Score(votes, accuracy(labels, VotingRule.majority(votes))))
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
    public double accuracy(int[] labels, VotingRule rule) {
        if (labels.length != neighbors.queries()) {
            throw new IllegalArgumentException(
                    "%d labels don't fit %d queries".formatted(labels.length, neighbors.queries()));
        }
        int[] classes = classes(rule);
        int right = 0;
        for (int query = 0; query < classes.length; query++) {
            right += classes[query] == labels[query] ? 1 : 0;
        }
        return right / (double) Math.max(1, classes.length);
    }

    /**
     * The class that the nearest neighbours vote for.
     *
     * @return (Q) class numbers
     * @throws IllegalArgumentException if more are to vote than were searched, or the bank is empty
     */
    public int[] classes(VotingRule rule) {
        if (rule.k() > neighbors.k() && neighbors.k() < rows) {
            throw new IllegalArgumentException(
                    "%d neighbours can't vote: %d a query were searched".formatted(rule.k(), neighbors.k()));
        }
        double[] votes = new double[Arrays.stream(neighbors.labels()).max().orElse(-1) + 1];
        int[] winners = new int[neighbors.queries()];
        for (int query = 0; query < winners.length; query++) {
            winners[query] = winner(query, rule, votes);
        }
        return winners;
    }

    /** {@code votes} is all zero before and after. */
    private int winner(int query, VotingRule rule, double[] votes) {
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
