package org.simreg.worker.evaluate;

import java.util.List;

/**
 * How the nearest neighbours vote.
 *
 * @param k how many vote, at least 1
 * @param temperature T, above 0: a neighbour has the weight exp(cosine / T); infinite for one vote
 *     each
 */
public record VoteRule(int k, double temperature) {
    /**
     * The rules that published figures were made with: SimReg's majority of 1 and of 20 (arXiv
     * 2201.05131, section 4), DINO's weighted 20 with T 0.07 (arXiv 2104.14294, section 4), and the
     * weighted 200 with T 0.1 of instance discrimination and its successors (arXiv 1805.01978,
     * section 3), which some run with T 0.2.
     */
    public static final List<VoteRule> PUBLISHED =
            List.of(
                    majority(1),
                    majority(20),
                    new VoteRule(20, 0.07),
                    new VoteRule(200, 0.1),
                    new VoteRule(200, 0.2));

    public VoteRule {
        if (k < 1 || k > NearestNeighbors.MAX_K || !(temperature > 0)) {
            throw new IllegalArgumentException(
                    "a vote takes 1 to %d neighbours and a temperature above 0, not %d and %s"
                            .formatted(NearestNeighbors.MAX_K, k, temperature));
        }
    }

    /** One vote each. */
    public static VoteRule majority(int k) {
        return new VoteRule(k, Double.POSITIVE_INFINITY);
    }

    /** Whether nearer neighbours count more. */
    public boolean weighted() {
        return temperature < Double.POSITIVE_INFINITY;
    }

    /**
     * The weight of a neighbour relative to that of the nearest: exp((cosine - nearest) / T), which
     * can't overflow.
     */
    double weight(double cosine, double nearest) {
        return weighted() ? Math.exp((cosine - nearest) / temperature) : 1;
    }
}
