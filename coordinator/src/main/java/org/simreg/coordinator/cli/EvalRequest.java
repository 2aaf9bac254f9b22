package org.simreg.coordinator.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.data.Subset;
import org.simreg.worker.distill.WorkerSettings;
import org.simreg.worker.embed.Backbone;

/**
 * An evaluation of frozen weights.
 *
 * @param task what is to be found out
 * @param weights of which network
 * @param images on which images
 * @param machine device and threads
 * @param results where the results go
 */
public record EvalRequest(
        EvalTask task,
        Backbone.Asked weights,
        Images images,
        WorkerSettings machine,
        Results results) {
    /** The same for another task. */
    EvalRequest withTask(EvalTask other) {
        return new EvalRequest(other, weights, images, machine, results);
    }

    /**
     * Which images, and how they are seen.
     *
     * @param folders data sets, at least one
     * @param subset classes that take part
     * @param size height and width of the view, pixels; empty: as the run that the weights come
     *     from, else 224
     * @param resize shorter side before the crop, pixels; empty: likewise, else 256 / 224 of the
     *     size
     * @param seed of every random draw
     */
    public record Images(
            List<Path> folders,
            Subset subset,
            Optional<Integer> size,
            Optional<Integer> resize,
            long seed) {
        public Images {
            folders = List.copyOf(folders);
        }
    }

    /**
     * Where results go.
     *
     * @param out folder for result.json and features
     * @param features folder where features are kept; empty: in {@code out}, if there is one
     * @param json whether standard output gets JSON instead of a table
     * @param quiet whether no progress is shown
     */
    public record Results(
            Optional<Path> out, Optional<Path> features, boolean json, boolean quiet) {
        /** Where features are kept. */
        Optional<Path> cache() {
            return features.or(() -> out.map(folder -> folder.resolve("features")));
        }
    }
}
