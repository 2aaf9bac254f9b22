package org.simreg.coordinator.cli.eval;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.ToIntFunction;
import org.simreg.coordinator.cli.option.EnumNames;
import org.simreg.coordinator.cli.option.PartOption;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.export.OnnxTarget;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.export.StudentExport.Format;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.ShownImages;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code simreg export}: a checkpoint's backbone in the formats that others load. */
@Command(
        name = "export",
        description = "Write the backbone of any readable checkpoint in the formats others load.",
        customSynopsis = {
            "simreg export CHECKPOINT --out=DIR [OPTIONS]",
            "       simreg export CHECKPOINT --out=DIR --int8 --calibrate=SOURCE [OPTIONS]"
        },
        footer = {
            "",
            "With --int8 a file NETWORK.int8.onnx comes beside that in float32, whose convolutions and matrix products"
                    + " read 8-bit integers (QDQ); both are run by ONNX Runtime, and their k-NN accuracies printed.",
            "",
            "Examples:",
            "  simreg export moco_v2_800ep.pth.tar --network resnet50 --format onnx --out exported",
            "  simreg export runs/photos --out edge --format onnx --size 224 --batch 1",
            "  simreg export runs/photos --out edge --format onnx --batch 1 --int8 --calibrate photos"
        })
public final class ExportCommand implements Callable<Integer> {
    private static final int USUAL_SIZE = 224;

    private final ToIntFunction<Settings> export;

    @Spec
    private CommandSpec spec;

    @Parameters(
            paramLabel = "CHECKPOINT",
            description =
                    "Run folder (its newest checkpoint), checkpoint of a run, PyTorch file (zip or legacy), safetensors or a"
                            + " TorchScript archive written by simreg (required)")
    private Path checkpoint;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description =
                    "Folder that takes the files; made if absent, files of the same names in it are replaced (required)")
    private Path out;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            split = ",",
            completionCandidates = EnumNames.OfFormat.class,
            converter = EnumNames.OfFormat.class,
            description =
                    "One or several of torchscript, safetensors, pth, onnx, separated by commas" + " (default: all)")
    private Set<Format> formats = EnumSet.allOf(Format.class);

    @Option(
            names = "--network",
            paramLabel = "NETWORK",
            completionCandidates = EnumNames.OfNetwork.class,
            converter = EnumNames.OfNetwork.class,
            description = "Network whose weights the checkpoint holds: ${COMPLETION-CANDIDATES} (default: auto, as"
                    + " a run's checkpoint says, otherwise the one that names and shapes fit)")
    private Network network;

    @Mixin
    private PartOption part;

    @Option(
            names = "--output",
            paramLabel = "OUTPUT",
            description =
                    "Feature of a vision transformer in torchscript and onnx: cls, mean (of the patches' tokens) or"
                            + " cls+mean; safetensors and pth hold all weights (default: the network's own)")
    private String output;

    @Option(
            names = "--size",
            paramLabel = "N",
            description = "Height and width of the images that the ONNX file is for, 8 to 1024"
                    + " px (default: as the run that the checkpoint comes from, else 224)")
    private Integer size;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Fix the shapes of the ONNX file to N images of --size, with explicit pads, 1 to 1024"
                    + " (default: any number of images of any size)")
    private Integer batch;

    @Option(
            names = "--opset",
            paramLabel = "N",
            defaultValue = "17",
            description = "Version of the operators of the ONNX file, 13 to 21 (default: 17)")
    private int opset;

    @Option(names = "--int8", description = "Write a second ONNX file in 8-bit integers (default: false)")
    private boolean int8;

    @Mixin
    private CalibrationOptions calibration;

    @Option(
            names = "--layout",
            paramLabel = "LAYOUT",
            completionCandidates = EnumNames.OfLayout.class,
            converter = EnumNames.OfLayout.class,
            description = "Library whose names the weights get in safetensors and pth: ${COMPLETION-CANDIDATES};"
                    + " huggingface writes a folder for from_pretrained (default: torchvision's names, where it has"
                    + " the network)")
    private NamingLayout layout;

    /**
     * The settings of an export: a checkpoint's backbone, and the formats it is written in.
     *
     * @param source checkpoint to read
     * @param target what is written
     */
    public record Settings(StudentExport.Source source, StudentExport.Target target, Optional<EdgeRun.Int8> int8) {
        /** Without a file in 8-bit integers. */
        public Settings(StudentExport.Source source, StudentExport.Target target) {
            this(source, target, Optional.empty());
        }
    }

    public ExportCommand(ToIntFunction<Settings> export) {
        this.export = export;
    }

    @Override
    public Integer call() {
        int shown =
                size == null ? ShownImages.of(checkpoint).map(ShownImages::size).orElse(USUAL_SIZE) : size;
        if (shown < 8 || shown > 1024) {
            String what = "--size: " + shown + " is out of bounds; choose 8 to 1024 px";
            throw new ParameterException(spec.commandLine(), what);
        }
        StudentExport.Target target;
        Optional<EdgeRun.Int8> rounded;
        try {
            OptionalInt images = batch == null ? OptionalInt.empty() : OptionalInt.of(batch);
            target = new StudentExport.Target(
                    out, new OnnxTarget(shown, images, opset), formats, Optional.ofNullable(layout));
            rounded = calibration.asked(int8, formats, ShownImages.of(checkpoint), shown);
        } catch (UserError e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        Optional<Network> named = Optional.ofNullable(network).filter(name -> name != Network.AUTO);
        Path file = RunWeights.weights(checkpoint);
        String feature = output == null ? "" : output;
        return export.applyAsInt(
                new Settings(new StudentExport.Source(file, named, part.request(), feature), target, rounded));
    }
}
