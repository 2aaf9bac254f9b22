package org.simreg.coordinator.cli.bank;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.coordinator.cli.option.NetworkOptions;
import org.simreg.proto.BankSource;
import org.simreg.proto.DataSource;
import org.simreg.proto.FeatureSource;
import org.simreg.proto.ImageSource;
import org.simreg.proto.Split;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import org.simreg.worker.weights.checkpoint.ShownImages;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options that name a bank's source: images and the weights that embed them, or features. */
final class BankSourceOptions {
    @Option(
            names = "--data",
            paramLabel = "SOURCE",
            description = "Folder of images: train/CLASS/* and val/CLASS/*, or one unlabelled folder; list:FILE,"
                    + " tar:PATTERN, parquet:PATTERN; or"
                    + " give --features")
    private String data;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            defaultValue = "train",
            description = "Images that the bank holds: train or val (default: train)")
    private Split split;

    @Option(
            names = "--val-labels",
            paramLabel = "FILE",
            description = "With --split val: file with the classes of val's images, where val has no class folders"
                    + " (default: none)")
    private String valLabels;

    @Option(
            names = "--weights",
            paramLabel = "FILE",
            description = "Any readable checkpoint, a run folder, or torchscript:FILE for a module from"
                    + " images to features (required with --data)")
    private String weights;

    @Option(
            names = "--size",
            paramLabel = "N",
            description = "Height and width of the view, 8 to 1024 px (default: as the run that the weights come from,"
                    + " else 224)")
    private Integer size;

    @Option(
            names = "--resize",
            paramLabel = "N",
            description = "Shorter side of an image before the centre crop, at most 2048 px (default: as the run, else"
                    + " size * 8 / 7)")
    private Integer resize;

    @Mixin
    private NetworkOptions network;

    @Option(
            names = "--features",
            paramLabel = "FILE",
            description = "Features that there are already, instead of --data: two-dimensional .npy, or"
                    + " safetensors with one such tensor")
    private String features;

    @Option(
            names = "--labels",
            paramLabel = "FILE",
            description = "With --features: a class name a line, a line a row (default: none)")
    private String labels;

    @Option(
            names = "--files",
            paramLabel = "FILE",
            description = "With --features: a file name a line, a line a row (default: none)")
    private String files;

    /**
     * The source with absolute paths: the coordinator runs in another folder.
     *
     * @throws UserError if the options contradict each other
     */
    BankSource source() {
        if ((data == null) == (features == null)) {
            throw new UserError("A bank is made of --data or of --features; give one of the two");
        }
        return features == null
                ? BankSource.newBuilder().setImages(images()).build()
                : BankSource.newBuilder().setFeatures(features()).build();
    }

    private ImageSource images() {
        if (weights == null) {
            throw new UserError("--weights is missing; name the file that embeds the images");
        }
        if (labels != null || files != null) {
            throw new UserError("--labels and --files go with --features; the images have theirs");
        }
        DataSource source = DataSource.of(data);
        ImageSource.Builder images = ImageSource.newBuilder().setSplit(split);
        images.getDatasetBuilder()
                .addPath(
                        source.isObjects()
                                ? data
                                : source.with(absolute(source.at())).text());
        Optional.ofNullable(valLabels)
                .ifPresent(file -> images.getDatasetBuilder().setValLabels(absolute(file)));
        images.setWeights(
                TeacherSource.of(weights) instanceof TeacherSource.TorchScript module
                        ? TeacherSource.TORCHSCRIPT_PREFIX + absolute(module.file())
                        : absolute(weights));
        network.network().ifPresent(images::setNetwork);
        Optional.ofNullable(size).ifPresent(images::setSize);
        Optional.ofNullable(resize).ifPresent(images::setResize);
        network.precision().ifPresent(images::setPrecision);
        if (!network.part().isAny()) {
            images.setPart(network.part().text());
        }
        network.pixels().ifPresent(images::setPixels);
        network.interpolation().ifPresent(images::setInterpolation);
        if (!network.output().isEmpty()) {
            images.setOutput(network.output());
        }
        return images.build();
    }

    /** What the run of the weights is taken for where no option says otherwise; empty if they come from none. */
    Optional<String> taken() {
        return Optional.ofNullable(weights)
                .flatMap(ShownImages::of)
                .map(shown -> "%s comes from a run with a %s; what no option names is taken from there"
                        .formatted(weights, shown.text()));
    }

    private FeatureSource features() {
        if (weights != null) {
            throw new UserError("--weights goes with --data; the features are there already");
        }
        return FeatureSource.newBuilder()
                .setFeatures(absolute(features))
                .setLabels(labels == null ? "" : absolute(labels))
                .setFiles(files == null ? "" : absolute(files))
                .build();
    }

    private static String absolute(String path) {
        return Path.of(path).toAbsolutePath().normalize().toString();
    }
}
