package org.simreg.coordinator.cli;

import java.util.List;
import java.util.Optional;
import org.simreg.worker.evaluate.KnnVote.VotingRule;
import org.simreg.worker.probe.PenaltySearch;
import org.simreg.worker.probe.ProbeSettings;

/** What {@code simreg eval} is to find out. */
public sealed interface EvalTask {
    /** The subcommand. */
    String command();

    /** Its settings, for people. */
    String describe();

    /**
     * k-NN accuracy.
     *
     * @param rules at least one
     */
    record Knn(List<VotingRule> rules) implements EvalTask {
        @Override
        public String command() {
            return "knn";
        }

        @Override
        public String describe() {
            return "exact neighbours by cosine; ties between classes go to the nearest";
        }
    }

    /** A linear probe for every learning rate, on centre crops or on fresh views of every epoch. */
    record Linear(ProbeSettings settings, boolean augmented) implements EvalTask {
        @Override
        public String command() {
            return "linear";
        }

        @Override
        public String describe() {
            return "%s, epochs %d, batch %d, lr / 10 after epochs %s, seed %d"
                    .formatted(
                            augmented ? "fresh crops and flips" : "centre crops",
                            settings.epochs(),
                            settings.batch(),
                            settings.drops(),
                            settings.seed());
        }
    }

    /**
     * Accuracy at every stage of the backbone and after every layer of its head.
     *
     * @param rules of k-NN, at least one
     * @param probe a linear probe at each stage too, on centre crops
     * @param layers names of the stages that are wanted; empty: all
     */
    record Stages(List<VotingRule> rules, Optional<ProbeSettings> probe, List<String> layers)
            implements EvalTask {
        @Override
        public String command() {
            return "stages";
        }

        @Override
        public String describe() {
            String neighbors = "mean over height and width at each stage; majority of neighbours";
            return probe.map(settings -> neighbors + "; " + new Linear(settings, false).describe())
                    .orElse(neighbors);
        }
    }

    /** L2-regularised logistic regression, for every data set. */
    record Transfer(PenaltySearch.Settings settings) implements EvalTask {
        @Override
        public String command() {
            return "transfer";
        }

        @Override
        public String describe() {
            return "%d penalties from %s to %s, %s of each class held out, seed %d"
                    .formatted(
                            settings.count(),
                            settings.least(),
                            settings.most(),
                            settings.heldOut(),
                            settings.seed());
        }
    }
}
