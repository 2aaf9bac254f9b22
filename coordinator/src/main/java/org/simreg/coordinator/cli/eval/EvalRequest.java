package org.simreg.coordinator.cli.eval;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.features.embed.FrozenBackbone;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.features.probe.LinearProbe;
import org.simreg.worker.features.probe.PenaltySearch;

/**
 * The request for an evaluation of frozen weights, as a command line asks for it.
 *
 * @param task what is measured
 * @param weights file and network
 * @param images data sets, classes, view
 * @param machine device and threads
 * @param results where the results go
 */
public record EvalRequest(
        Task task, FrozenBackbone.Request weights, Images images, WorkerSettings machine, Results results) {
    /** The same for another task. */
    EvalRequest withTask(Task other) {
        return new EvalRequest(other, weights, images, machine, results);
    }

    /**
     * The view that was asked for.
     *
     * @param size height and width, pixels; empty: as the run that the weights come from, else 224
     * @param resize shorter side before the crop, pixels; empty: likewise, else 256 / 224 of the size
     */
    public record View(Optional<Integer> size, Optional<Integer> resize) {}

    /**
     * The images of an evaluation and the view that the network gets of them.
     *
     * @param sources data sets, each of one source, at least one
     * @param subset classes that take part
     * @param view in which each is shown
     * @param seed of every random draw
     */
    public record Images(List<String> sources, ImageDataset.Subset subset, View view, long seed) {
        public Images {
            sources = List.copyOf(sources);
        }
    }

    /**
     * The places that results go to.
     *
     * @param out folder for result.json and features
     * @param features folder where features are kept; empty: in {@code out}, if there is one
     * @param json whether standard output gets JSON instead of a table
     * @param quiet whether no progress is shown
     */
    public record Results(Optional<Path> out, Optional<Path> features, boolean json, boolean quiet) {
        /** Where features are kept. */
        Optional<Path> cache() {
            return features.or(() -> out.map(folder -> folder.resolve("features")));
        }
    }

    /** The measurement that {@code simreg eval} is asked for. */
    public sealed interface Task {
        /** The subcommand. */
        String command();

        /** Its settings, for people. */
        String describe();
    }

    /**
     * The task of measuring k-NN accuracy.
     *
     * @param rules at least one
     */
    public record Knn(List<VotingRule> rules) implements Task {
        @Override
        public String command() {
            return "knn";
        }

        @Override
        public String describe() {
            return "exact neighbours by cosine; ties between classes go to the nearest";
        }
    }

    /** The task of training a linear probe for each learning rate, on centre crops or fresh views each epoch. */
    public record Linear(LinearProbe.Settings settings, boolean augmented) implements Task {
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
     * The task of measuring accuracy at every stage of the backbone and layer of its head.
     *
     * @param rules of k-NN, at least one
     * @param probe a linear probe at each stage too, on centre crops
     * @param layers names of the stages that are wanted; empty: all
     */
    public record Stages(List<VotingRule> rules, Optional<LinearProbe.Settings> probe, List<String> layers)
            implements Task {
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

    /** The task of fitting L2-regularised logistic regression, for every data set. */
    public record Transfer(PenaltySearch.Settings settings) implements Task {
        @Override
        public String command() {
            return "transfer";
        }

        @Override
        public String describe() {
            return "%d penalties from %s to %s, %s of each class held out, seed %d"
                    .formatted(
                            settings.count(), settings.least(), settings.most(), settings.heldOut(), settings.seed());
        }
    }
}
