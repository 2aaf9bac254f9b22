package org.simreg.coordinator.cli.eval;

import java.util.ArrayList;
import java.util.List;
import org.simreg.proto.EvalRow;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.features.knn.KnnVote;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.knn.NearestNeighbors;
import org.simreg.worker.features.probe.LinearProbe;
import org.simreg.worker.features.probe.PenaltySearch;

/** Conversion of accuracies and scores to the rows of an evaluation's report. */
final class EvalRows {
    private EvalRows() {}

    /**
     * k-NN accuracy by every rule, from one search.
     *
     * @param layer where the features were read
     */
    static List<EvalRow> knn(
            FeatureBank train, FeatureBank val, List<VotingRule> rules, String layer, int threads) {
        int most = rules.stream().mapToInt(VotingRule::k).max().orElse(1);
        KnnVote vote;
        try (NearestNeighbors search = new NearestNeighbors(threads)) {
            vote = new KnnVote(search.search(train, val, most), train.size());
        }
        int[] labels = val.labels();
        List<EvalRow> rows = new ArrayList<>();
        for (VotingRule rule : rules) {
            EvalRow.Builder row =
                    row("knn", layer, train.dimension())
                            .setVote(rule.weighted() ? "weighted" : "majority")
                            .setK(rule.k())
                            .setAccuracy(vote.accuracy(labels, rule));
            if (rule.weighted()) {
                row.setTemperature(rule.temperature());
            }
            rows.add(row.build());
        }
        return rows;
    }

    static EvalRow linear(LinearProbe.Score score, String layer, int features) {
        return row("linear", layer, features)
                .setLr(score.rate())
                .setEpoch(score.epoch())
                .setLoss(score.loss())
                .setAccuracy(score.top1())
                .setTop5(score.top5())
                .build();
    }

    /** Rows of logistic regression: the result first, then the penalties that were tried. */
    static List<EvalRow> transfer(PenaltySearch.Outcome outcome, String data, int features) {
        List<EvalRow> rows = new ArrayList<>();
        rows.add(penalty("transfer", outcome.result(), data, features));
        outcome.tried().forEach(tried -> rows.add(penalty("penalty", tried, data, features)));
        return rows;
    }

    private static EvalRow penalty(
            String name, PenaltySearch.Score score, String data, int features) {
        return row(name, "feature", features)
                .setData(data)
                .setPenalty(score.penalty())
                .setLoss(score.loss())
                .setAccuracy(score.top1())
                .setTop5(score.top5())
                .build();
    }

    private static EvalRow.Builder row(String name, String layer, int features) {
        return EvalRow.newBuilder().setName(name).setLayer(layer).setFeatures(features);
    }
}
