package org.simreg.coordinator.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.simreg.proto.BankSource;
import org.simreg.proto.FeatureSource;
import org.simreg.proto.ImageSource;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.proto.Split;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import picocli.CommandLine.Option;

/** What a bank is made of. */
final class BankOrigin {
    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "Folder of images: train/CLASS/* and val/CLASS/*, or one unlabelled folder; or"
                            + " give --features")
    private String data;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            defaultValue = "train",
            description = "Images that the bank holds: train or val (default: train)")
    private Split split;

    @Option(
            names = "--weights",
            paramLabel = "FILE",
            description =
                    "Any readable checkpoint, a run folder, or torchscript:FILE for a module from"
                            + " images to features (required with --data)")
    private String weights;

    @Option(
            names = "--network",
            paramLabel = "NETWORK",
            completionCandidates = NetworkName.class,
            converter = NetworkName.class,
            description =
                    "Network whose weights the file holds, as resnet50 (default: recognised from"
                            + " the file)")
    private Network network;

    @Option(
            names = "--size",
            paramLabel = "N",
            description = "Height and width of the view, 8 to 1024 px (default: 224)")
    private Integer size;

    @Option(
            names = "--resize",
            paramLabel = "N",
            description =
                    "Shorter side of an image before the centre crop, at most 2048 px (default:"
                            + " size * 8 / 7)")
    private Integer resize;

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description =
                    "float32 or bfloat16 (default: as the run that the weights come from, else"
                            + " float32)")
    private Precision precision;

    @Option(
            names = "--pixels",
            paramLabel = "KIND",
            description =
                    "How the network wants its pixels: imagenet, half (-1 to 1), unit (0 to 1) or"
                            + " clip (default: imagenet)")
    private Pixels pixels;

    @Option(
            names = "--features",
            paramLabel = "FILE",
            description =
                    "Features that there are already, instead of --data: two-dimensional .npy, or"
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
     * The source with paths from the root: the coordinator runs elsewhere.
     *
     * @throws UserError if the options contradict each other
     */
    BankSource source() {
        if ((data == null) == (features == null)) {
            throw new UserError("A bank is made of --data or of --features; give one of the two");
        }
        return features == null
                ? BankSource.newBuilder().setImages(images()).build()
                : BankSource.newBuilder().setFeatures(ofOthers()).build();
    }

    private ImageSource images() {
        if (weights == null) {
            throw new UserError("--weights is missing; name the file that embeds the images");
        }
        if (labels != null || files != null) {
            throw new UserError("--labels and --files go with --features; the images have theirs");
        }
        ImageSource.Builder images = ImageSource.newBuilder().setSplit(split);
        images.getDatasetBuilder().setPath(absolute(data));
        images.setWeights(
                TeacherSource.of(weights) instanceof TeacherSource.TorchScript module
                        ? TeacherSource.TORCHSCRIPT_PREFIX + absolute(module.file())
                        : absolute(weights));
        Optional.ofNullable(network).ifPresent(images::setNetwork);
        Optional.ofNullable(size).ifPresent(images::setSize);
        Optional.ofNullable(resize).ifPresent(images::setResize);
        Optional.ofNullable(precision).ifPresent(images::setPrecision);
        Optional.ofNullable(pixels).ifPresent(images::setPixels);
        return images.build();
    }

    private FeatureSource ofOthers() {
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
