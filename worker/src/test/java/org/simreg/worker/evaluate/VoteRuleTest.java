package org.simreg.worker.evaluate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.worker.probe.ProbeFixture;

class VoteRuleTest {
    private static final int CLASSES = 9;

    private final ProbeFixture fixture = new ProbeFixture();

    @ParameterizedTest
    @CsvSource({"20, 0.07", "200, 0.1", "5, 0.5"})
    void weightedVotesAreThoseOfPyTorch(int k, double temperature) {
        Neighbors neighbors;
        try (NearestNeighbors search = new NearestNeighbors(1)) {
            neighbors = search.search(fixture.train(), fixture.val(), k);
        }
        int[] classes = KnnVote.classes(neighbors, new VoteRule(k, temperature));
        assertArrayEquals(fixture.ints("votes" + k), classes);
    }

    @Test
    void everyPublishedRuleVotesAsABruteForceInFloat64() {
        FeatureBank train = fixture.train();
        FeatureBank val = fixture.val();
        Neighbors neighbors;
        try (NearestNeighbors search = new NearestNeighbors(2)) {
            neighbors = search.search(train, val, 200);
        }
        for (VoteRule rule : VoteRule.PUBLISHED) {
            int[] expected =
                    IntStream.range(0, val.size())
                            .map(i -> brute(train, val.row(i), rule))
                            .toArray();
            assertArrayEquals(expected, KnnVote.classes(neighbors, rule), "" + rule);
            long right =
                    IntStream.range(0, val.size()).filter(i -> expected[i] == val.label(i)).count();
            assertEquals(
                    right / (double) val.size(), KnnVote.accuracy(neighbors, val.labels(), rule));
        }
    }

    /** All cosines, sorted; votes summed from the nearest on; the first of equal classes wins. */
    private static int brute(FeatureBank bank, float[] query, VoteRule rule) {
        double[] cosines = new double[bank.size()];
        for (int row = 0; row < bank.size(); row++) {
            float[] values = bank.row(row);
            for (int d = 0; d < values.length; d++) {
                cosines[row] += (double) values[d] * query[d];
            }
        }
        List<Integer> order =
                IntStream.range(0, bank.size())
                        .boxed()
                        .sorted(Comparator.comparingDouble(row -> -cosines[row]))
                        .limit(rule.k())
                        .toList();
        double[] votes = new double[CLASSES];
        for (int row : order) {
            votes[bank.label(row)] +=
                    rule.weighted() ? Math.exp(cosines[row] / rule.temperature()) : 1;
        }
        return order.stream()
                .map(bank::label)
                .reduce((winner, label) -> votes[label] > votes[winner] ? label : winner)
                .orElseThrow();
    }

    @Test
    void aNearNeighbourOutweighsTwoFarOnes() {
        Neighbors three =
                new Neighbors(
                        1, 3, false, new int[3], new int[] {8, 3, 3}, new double[] {0.9, 0.1, 0.1});
        assertArrayEquals(new int[] {3}, KnnVote.classes(three, VoteRule.majority(3)));
        assertArrayEquals(new int[] {8}, KnnVote.classes(three, new VoteRule(3, 0.07)));
        assertArrayEquals(new int[] {3}, KnnVote.classes(three, new VoteRule(3, 100)));
    }

    @Test
    void aTinyTemperatureDoesNotOverflow() {
        Neighbors two =
                new Neighbors(
                        1, 2, false, new int[2], new int[] {5, 2}, new double[] {0.9, 0.8999});
        assertArrayEquals(new int[] {5}, KnnVote.classes(two, new VoteRule(2, 1e-300)));
    }

    @Test
    void rulesThatNobodyCanVoteByAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new VoteRule(0, 1));
        assertThrows(IllegalArgumentException.class, () -> new VoteRule(1025, 1));
        assertThrows(IllegalArgumentException.class, () -> new VoteRule(1, 0));
        assertThrows(IllegalArgumentException.class, () -> new VoteRule(1, Double.NaN));
    }
}
