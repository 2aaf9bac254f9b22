package org.simreg.worker.features.knn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.probe.ProbeFixture;
import org.simreg.worker.features.search.TopK;

/** Tests of weighted votes, against PyTorch and a brute force in float64. */
class VotingRuleTest {
    private static final int CLASSES = 9;

    private final ProbeFixture fixture = new ProbeFixture();

    @ParameterizedTest
    @CsvSource({"20, 0.07", "200, 0.1", "5, 0.5"})
    void weightedVotesAreThoseOfPyTorch(int k, double temperature) {
        KnnVote vote;
        try (NearestNeighbors search = new NearestNeighbors(1)) {
            vote = new KnnVote(
                    search.search(fixture.train(), fixture.val(), k),
                    fixture.train().size());
        }
        int[] classes = vote.classes(new VotingRule(k, temperature));
        assertArrayEquals(fixture.ints("votes" + k), classes);
    }

    @Test
    void everyPublishedRuleVotesAsABruteForceInFloat64() {
        FeatureBank train = fixture.train();
        FeatureBank val = fixture.val();
        KnnVote vote;
        try (NearestNeighbors search = new NearestNeighbors(2)) {
            vote = new KnnVote(search.search(train, val, 200), train.size());
        }
        for (VotingRule rule : VotingRule.PUBLISHED) {
            int[] expected = IntStream.range(0, val.size())
                    .map(i -> brute(train, val.row(i), rule))
                    .toArray();
            assertArrayEquals(expected, vote.classes(rule), "" + rule);
            long right = IntStream.range(0, val.size())
                    .filter(i -> expected[i] == val.label(i))
                    .count();
            assertEquals(right / (double) val.size(), vote.accuracy(val.labels(), rule));
        }
    }

    /** All cosines, sorted; votes summed from the nearest on; the first of equal classes wins. */
    private static int brute(FeatureBank bank, float[] query, VotingRule rule) {
        double[] cosines = new double[bank.size()];
        for (int row = 0; row < bank.size(); row++) {
            float[] values = bank.row(row);
            for (int d = 0; d < values.length; d++) {
                cosines[row] += (double) values[d] * query[d];
            }
        }
        List<Integer> order = IntStream.range(0, bank.size())
                .boxed()
                .sorted(Comparator.comparingDouble(row -> -cosines[row]))
                .limit(rule.k())
                .toList();
        double[] votes = new double[CLASSES];
        for (int row : order) {
            votes[bank.label(row)] += rule.weighted() ? Math.exp(cosines[row] / rule.temperature()) : 1;
        }
        return order.stream()
                .map(bank::label)
                .reduce((winner, label) -> votes[label] > votes[winner] ? label : winner)
                .orElseThrow();
    }

    /** The neighbours of one query among more rows. */
    private static KnnVote some(int[] labels, double... cosines) {
        int k = labels.length;
        return new KnnVote(new TopK(1, k, new long[k], labels, cosines), k + 1);
    }

    @Test
    void aNearNeighbourOutweighsTwoFarOnes() {
        KnnVote three = some(new int[] {8, 3, 3}, 0.9, 0.1, 0.1);
        assertArrayEquals(new int[] {3}, three.classes(VotingRule.majority(3)));
        assertArrayEquals(new int[] {8}, three.classes(new VotingRule(3, 0.07)));
        assertArrayEquals(new int[] {3}, three.classes(new VotingRule(3, 100)));
    }

    @Test
    void aTinyTemperatureDoesNotOverflow() {
        KnnVote two = some(new int[] {5, 2}, 0.9, 0.8999);
        assertArrayEquals(new int[] {5}, two.classes(new VotingRule(2, 1e-300)));
    }

    @Test
    void rulesThatNobodyCanVoteByAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new VotingRule(0, 1));
        assertThrows(IllegalArgumentException.class, () -> new VotingRule(1025, 1));
        assertThrows(IllegalArgumentException.class, () -> new VotingRule(1, 0));
        assertThrows(IllegalArgumentException.class, () -> new VotingRule(1, Double.NaN));
    }
}
