package org.simreg.coordinator.cli.eval;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.simreg.coordinator.cli.option.MachineOptions;
import org.simreg.coordinator.cli.option.NetworkOptions;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.features.embed.FrozenBackbone;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options that all evaluations of frozen weights share. */
final class EvalOptions {
    @Option(
            names = "--data",
            paramLabel = "SOURCE",
            required = true,
            description = "Folder with train/CLASS/* and val/CLASS/*, or another source with train and val;"
                    + " transfer takes several (required)")
    private List<String> data;

    @Option(
            names = "--weights",
            paramLabel = "FILE",
            required = true,
            description = "Any readable checkpoint, a run folder, or torchscript:FILE for a module from"
                    + " images to features (required)")
    private String weights;

    @Option(
            names = "--limit-classes",
            paramLabel = "N",
            defaultValue = "0",
            description = "Use only the first N classes in name order; 0 uses all (default: 0)")
    private int limitClasses;

    @Option(
            names = "--classes-file",
            paramLabel = "FILE",
            description = "File with one class folder name a line: only these are used")
    private Path classesFile;

    @Option(
            names = "--val-labels",
            paramLabel = "FILE",
            description = "File with the classes of val's images, where val has no class folders (default: none)")
    private Path valLabels;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Decides every random draw (default: 0)")
    private long seed;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description =
                    "Folder that takes result.json, report.html and the features; made if absent, files of the same"
                            + " names in it are replaced")
    private Path out;

    @Option(
            names = "--features-cache",
            paramLabel = "DIR",
            description = "Folder where features are kept and found again by weights, images and view"
                    + " (default: features in --out, else none are kept)")
    private Path features;

    @Option(names = "--json", description = "Print the result as JSON instead of a table (default: false)")
    private boolean json;

    @Mixin
    private ViewOptions view;

    @Mixin
    private NetworkOptions network;

    @Mixin
    private MachineOptions machine;

    /**
     * Makes the request.
     *
     * @param several whether more than one data set makes sense
     * @throws UserError if an option is out of bounds
     */
    EvalRequest request(EvalRequest.Task task, boolean several, boolean quiet) {
        if (!several && data.size() > 1) {
            throw new UserError("--data: %d folders are too many here; name one, or use simreg eval transfer"
                    .formatted(data.size()));
        }
        if (limitClasses < 0) {
            throw new UserError("--limit-classes: " + limitClasses + " is out of bounds; choose 0 or more");
        }
        ImageDataset.Subset subset =
                new ImageDataset.Subset(limitClasses, Optional.ofNullable(classesFile), Optional.ofNullable(valLabels));
        EvalRequest.Images images = new EvalRequest.Images(data, subset, view.asked(), seed);
        FrozenBackbone.Request asked = weights(weights, network);
        WorkerSettings settings = machine.settings();
        EvalRequest.Results results =
                new EvalRequest.Results(Optional.ofNullable(out), Optional.ofNullable(features), json, quiet);
        return new EvalRequest(task, asked, images, settings, results);
    }

    /** The request for the network of a file. */
    static FrozenBackbone.Request weights(String weights, NetworkOptions network) {
        FrozenBackbone.Ends ends = new FrozenBackbone.Ends(network.pixels(), network.interpolation(), network.output());
        return new FrozenBackbone.Request(weights, network.network(), network.precision(), network.part(), ends);
    }

    /** Options for the view in which frozen weights are shown images. */
    static final class ViewOptions {
        @Option(
                names = "--size",
                paramLabel = "N",
                description = "Height and width of the view, 8 to 1024 px (default: as the run that the"
                        + " weights come from, else 224)")
        private Integer size;

        @Option(
                names = "--resize",
                paramLabel = "N",
                description = "Shorter side of an image before the centre crop, at most 4096 px (default: as"
                        + " the run, else size * 256 / 224, rounded)")
        private Integer resize;

        /**
         * The view that was asked for.
         *
         * @throws UserError if an option is out of bounds
         */
        EvalRequest.View asked() {
            bounds("--size", size, 1024);
            bounds("--resize", resize, 4096);
            return new EvalRequest.View(Optional.ofNullable(size), Optional.ofNullable(resize));
        }

        private static void bounds(String option, Integer value, int most) {
            if (value != null && (value < 8 || value > most)) {
                throw new UserError("%s: %d is out of bounds; choose 8 to %d px".formatted(option, value, most));
            }
        }
    }
}
