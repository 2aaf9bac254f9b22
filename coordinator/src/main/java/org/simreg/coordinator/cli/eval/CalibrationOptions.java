package org.simreg.coordinator.cli.eval;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simreg.coordinator.cli.option.MachineOptions;
import org.simreg.proto.UserError;
import org.simreg.worker.export.StudentExport.Format;
import org.simreg.worker.weights.checkpoint.ShownImages;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options for the export of a network in 8-bit integers. */
final class CalibrationOptions {
    private static final int MOST = 100_000;

    @Option(
            names = "--calibrate",
            paramLabel = "SOURCE",
            description = "With --int8: images that the ranges of activations are taken from, and accuracies measured"
                    + " with where they have train, val and classes; the sources of simreg eval (default: none)")
    private String source;

    @Option(
            names = "--calibrate-images",
            paramLabel = "N",
            defaultValue = "300",
            description = "How many train images the ranges are taken from, 1 to 100000 (default: 300)")
    private int images;

    @Option(
            names = "--keep-float",
            paramLabel = "LAYER",
            split = ",",
            description = "Layers that stay in float32, separated by commas, by name or by the beginning of their names"
                    + " (default: none)")
    private List<String> keepFloat = List.of();

    @Option(
            names = "--symmetric",
            description = "Let 0 stand for 0 in all activations, as TensorRT wants it, at the price of a bit where none"
                    + " is negative (default: false)")
    private boolean symmetric;

    @Mixin
    private MachineOptions machine;

    /**
     * What is asked for; empty without {@code --int8}.
     *
     * @throws UserError if the options contradict each other
     */
    Optional<EdgeRun.Int8> asked(boolean int8, Set<Format> formats, Optional<ShownImages> shown, int size) {
        if (!int8) {
            if (source != null || !keepFloat.isEmpty() || symmetric) {
                throw new UserError(
                        "--calibrate, --keep-float and --symmetric go with --int8; add it, or leave them out");
            }
            return Optional.empty();
        }
        if (source == null) {
            throw new UserError("--calibrate is missing; name images that the ranges of activations are taken from");
        }
        if (!formats.contains(Format.ONNX)) {
            throw new UserError("--int8 writes ONNX; add onnx to --format");
        }
        if (images < 1 || images > MOST) {
            throw new UserError("--calibrate-images: %d is out of bounds; choose 1 to %d".formatted(images, MOST));
        }
        int resize = shown.filter(run -> run.size() == size)
                .map(ShownImages::resize)
                .orElse((int) Math.round(size * 256 / 224.0));
        return Optional.of(new EdgeRun.Int8(source, images, keepFloat, symmetric, resize, machine.settings()));
    }
}
