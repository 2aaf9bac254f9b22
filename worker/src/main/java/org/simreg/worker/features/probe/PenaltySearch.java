package org.simreg.worker.features.probe;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.knn.FeatureBank;
import org.simreg.worker.features.probe.LogisticRegression.Effort;

/**
 * The transfer protocol of SimCLR and BYOL (arXiv 2002.05709, appendix B.8; arXiv 2006.07733,
 * appendix D): logistic regression whose penalty is chosen on a held-out part of the train rows,
 * then fitted again to all of them. Features are of unit length and standardised, as for {@link
 * LinearProbe}. Each penalty begins where the next stronger one ended.
 */
public final class PenaltySearch {
    private PenaltySearch() {}

    /**
     * The penalties that are tried, and the rows that the choice is made on.
     *
     * @param count of the penalties, spaced evenly in their logarithms, at least 1
     * @param least weakest penalty, above 0
     * @param most strongest penalty
     * @param heldOut part of each class's rows that the choice is made on, between 0 and 1
     * @param seed decides which rows are held out
     */
    public record Settings(int count, double least, double most, double heldOut, long seed) {
        public Settings {
            if (count < 1 || !(least > 0 && least <= most) || !(heldOut > 0 && heldOut < 1)) {
                throw new IllegalArgumentException(
                        "%d penalties from %s to %s on %s of the rows".formatted(count, least, most, heldOut));
            }
        }

        /** 45 values from 1e-6 to 1e5, on a fifth of the train rows. */
        public static Settings published(long seed) {
            return new Settings(45, 1e-6, 1e5, 0.2, seed);
        }

        /** Strongest first. */
        List<Double> penalties() {
            List<Double> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                double place = count == 1 ? 0 : i / (double) (count - 1);
                all.add(most * Math.pow(least / most, place));
            }
            return all;
        }
    }

    /**
     * The score of the weights that were fitted with a penalty.
     *
     * @param loss mean cross entropy without the penalty
     * @param top1 part of the rows whose class is the likeliest, 0 to 1
     * @param top5 part whose class is among the five likeliest
     */
    public record Score(double penalty, double loss, double top1, double top5) {
        static Score of(double penalty, double[] score) {
            return new Score(penalty, score[0], score[1], score[2]);
        }
    }

    /**
     * The outcome of a search.
     *
     * @param tried on the held-out part, strongest penalty first
     * @param chosen the best of them: of equal accuracies the strongest penalty
     * @param result of the chosen penalty, fitted to all train rows, on the val rows
     */
    public record Outcome(List<Score> tried, Score chosen, Score result) {}

    /**
     * Called by the thread that uses libtorch.
     *
     * @throws UserError if no class has two train rows
     * @throws Abandoned if it was told to stop
     */
    public static Outcome run(Torch torch, LinearProbe.Data data, Settings settings, ProgressMonitor progress) {
        HeldOut parts = HeldOut.of(data.train(), settings.heldOut, settings.seed);
        if (parts.held().size() == 0) {
            throw new UserError(
                    "No penalty can be chosen: no class has two train images, so none can be held out; use simreg eval linear");
        }
        RowSelection.Standardization standard = RowSelection.Standardization.of(parts.kept());
        List<Score> tried = new ArrayList<>();
        Score chosen = null;
        double[] best = null;
        try (LogisticModule kept = LogisticRegression.load(torch, parts.kept(), standard, data.classes());
                LogisticModule held = LogisticRegression.load(torch, parts.held(), standard, data.classes())) {
            double[] weights = new double[kept.length()];
            for (double penalty : settings.penalties()) {
                progress.next("logistic regression", tried.size(), settings.count + 1L);
                weights = LogisticRegression.fit(kept, penalty, weights, Effort.COMPARISON, progress::stopped);
                Score score = Score.of(penalty, held.score(weights));
                tried.add(score);
                if (chosen == null || score.top1 > chosen.top1) {
                    chosen = score;
                    best = weights;
                }
            }
        }
        progress.next("logistic regression", settings.count, settings.count + 1L);
        Score result = refitted(torch, data, chosen.penalty, best, progress);
        progress.at("logistic regression", settings.count + 1L, settings.count + 1L);
        return new Outcome(List.copyOf(tried), chosen, result);
    }

    private static Score refitted(
            Torch torch, LinearProbe.Data data, double penalty, double[] start, ProgressMonitor progress) {
        RowSelection train = RowSelection.all(data.train());
        RowSelection.Standardization standard = RowSelection.Standardization.of(train);
        double[] weights;
        try (LogisticModule rows = LogisticRegression.load(torch, train, standard, data.classes())) {
            weights = LogisticRegression.fit(rows, penalty, start, Effort.FULL, progress::stopped);
        }
        try (LogisticModule val =
                LogisticRegression.load(torch, RowSelection.all(data.val()), standard, data.classes())) {
            return Score.of(penalty, val.score(weights));
        }
    }

    /**
     * A bank in two parts, class by class: of n rows of a class the part times n, rounded, are held
     * out, but one stays. Which ones is decided by the stream (seed, {@link
     * CounterRandom#HELD_OUT}, class).
     *
     * @param kept the rest, ascending
     * @param held what is held out, ascending
     */
    record HeldOut(RowSelection kept, RowSelection held) {
        static HeldOut of(FeatureBank bank, double part, long seed) {
            Map<Integer, List<Integer>> classes = new LinkedHashMap<>();
            for (int row = 0; row < bank.size(); row++) {
                classes.computeIfAbsent(bank.label(row), label -> new ArrayList<>())
                        .add(row);
            }
            List<Integer> kept = new ArrayList<>();
            List<Integer> held = new ArrayList<>();
            classes.forEach((label, rows) -> {
                int[] order =
                        CounterRandom.of(seed, CounterRandom.HELD_OUT, label).permutation(rows.size());
                long out = Math.min(rows.size() - 1, Math.round(part * rows.size()));
                for (int i = 0; i < order.length; i++) {
                    (i < out ? held : kept).add(rows.get(order[i]));
                }
            });
            return new HeldOut(selection(bank, kept), selection(bank, held));
        }

        private static RowSelection selection(FeatureBank bank, List<Integer> rows) {
            Collections.sort(rows);
            return new RowSelection(bank, rows.stream().mapToInt(row -> row).toArray());
        }
    }
}
