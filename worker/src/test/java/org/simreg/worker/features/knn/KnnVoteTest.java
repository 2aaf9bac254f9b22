package org.simreg.worker.features.knn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.simreg.worker.features.knn.KnnVote.Score;
import org.simreg.worker.features.search.TopK;

/** Tests of the majority vote, against NumPy. */
class KnnVoteTest {
    private static final int FIXTURE_DIMENSION = 16;

    @Test
    void votesAndNeighborsAreThoseOfNumPy() throws IOException {
        Map<String, int[]> fixture = fixture();
        FeatureBank bank = bank(fixture.get("bank"), fixture.get("ids"), fixture.get("labels"));
        int[] truth = fixture.get("truth");
        FeatureBank queries = bank(fixture.get("queries"), new int[truth.length], truth);
        KnnVote vote;
        try (NearestNeighbors search = new NearestNeighbors(2)) {
            vote = new KnnVote(search.search(bank, queries, 64), bank.size());
        }
        long[] found = vote.neighbors().ids();
        assertArrayEquals(
                fixture.get("neighbors"),
                Arrays.stream(found).mapToInt(Math::toIntExact).toArray());
        for (Score score : vote.accuracy(truth, 1, 2, 5, 20, 64)) {
            int[] classes = vote.classes(KnnVote.VotingRule.majority(score.k()));
            assertArrayEquals(fixture.get("votes" + score.k()), classes, "k = " + score.k());
            double right = fixture.get("right" + score.k())[0];
            assertEquals(right / truth.length, score.accuracy());
        }
    }

    @Test
    void theNearestOfTheTiedClassesWins() {
        assertEquals(2, winner(5, 9, 2, 9, 2, 2));
        assertEquals(9, winner(4, 9, 2, 9, 2, 2));
        assertEquals(2, winner(5, 7, 2, 9, 2, 9));
        assertEquals(7, winner(3, 7, 2, 9, 2, 9));
    }

    @Test
    void moreVotesThanTheBankHasRowsAreTheWholeBank() {
        KnnVote all = vote(3, 3, 1, 1);
        assertEquals(List.of(new Score(20, 1.0)), all.accuracy(new int[] {1}, 20));
    }

    @Test
    void moreVotesThanWereSearchedAreRefused() {
        KnnVote some = vote(4, 3, 1, 1);
        int[] truth = {1};
        assertThrows(IllegalArgumentException.class, () -> some.accuracy(truth, 4));
        assertThrows(IllegalArgumentException.class, () -> some.accuracy(truth, 0));
        assertThrows(IllegalArgumentException.class, () -> some.accuracy(new int[2], 1));
    }

    private static int winner(int k, int... labels) {
        return vote(labels.length + 1, labels).classes(KnnVote.VotingRule.majority(k))[0];
    }

    private static KnnVote vote(int rows, int... labels) {
        int k = labels.length;
        return new KnnVote(new TopK(1, k, new long[k], labels, new double[k]), rows);
    }

    private static FeatureBank bank(int[] rows, int[] ids, int[] labels) {
        float[] features = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            features[i] = rows[i];
        }
        FeatureBank bank = new FeatureBank(ids.length, FIXTURE_DIMENSION);
        bank.add(features, ids, labels);
        return bank;
    }

    private static Map<String, int[]> fixture() throws IOException {
        try (InputStream file = KnnVoteTest.class.getResourceAsStream("/evaluate/knn.txt")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" "))
                    .collect(Collectors.toMap(
                            words -> words[0],
                            words -> Arrays.stream(words)
                                    .skip(1)
                                    .mapToInt(Integer::parseInt)
                                    .toArray()));
        }
    }
}
