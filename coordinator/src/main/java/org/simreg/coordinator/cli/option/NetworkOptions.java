package org.simreg.coordinator.cli.option;

import java.util.Optional;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.worker.weights.part.PartRequest;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options for the frozen network that a file of weights becomes: name, part, precision, pixels, interpolation, output. */
public final class NetworkOptions {
    @Option(
            names = "--network",
            paramLabel = "NETWORK",
            completionCandidates = EnumNames.OfNetwork.class,
            converter = EnumNames.OfNetwork.class,
            description = "Network whose weights the file holds: ${COMPLETION-CANDIDATES} (default: auto, the one"
                    + " that names and shapes fit)")
    private Network network;

    @Mixin
    private PartOption part;

    @Option(
            names = "--precision",
            paramLabel = "TYPE",
            description = "float32 or bfloat16 (default: as the run that the weights come from, else" + " float32)")
    private Precision precision;

    @Option(
            names = "--pixels",
            paramLabel = "KIND",
            description = "How the network wants its pixels: imagenet (mean and deviation), half (-1 to"
                    + " 1), unit (0 to 1; SimCLR's) or clip (default: as the run, else what the network was"
                    + " trained with)")
    private Pixels pixels;

    @Option(
            names = "--interpolation",
            paramLabel = "KIND",
            description =
                    "How images are resized for the network: bilinear or bicubic (default: as the run, else what its"
                            + " publishers evaluate it with)")
    private Interpolation interpolation;

    @Option(
            names = "--output",
            paramLabel = "OUTPUT",
            description =
                    "Which feature is taken: of a vision transformer cls, mean (of the patches' tokens) or"
                            + " cls+mean; of a TorchScript module these or mean-all, a key, a place (default: the network's own)")
    private String output;

    /** The network; empty: to be recognised from the file. */
    public Optional<Network> network() {
        return Optional.ofNullable(network).filter(named -> named != Network.AUTO);
    }

    /** The precision; empty: that of the run which the weights come from, else float32. */
    public Optional<Precision> precision() {
        return Optional.ofNullable(precision);
    }

    /** Which of the networks in the file. */
    public PartRequest part() {
        return part.request();
    }

    /** The pixels; empty: those of the run which the weights come from, else what the network was trained with. */
    public Optional<Pixels> pixels() {
        return Optional.ofNullable(pixels);
    }

    /** The interpolation; empty: that of the run which the weights come from, else that of the network's publishers. */
    public Optional<Interpolation> interpolation() {
        return Optional.ofNullable(interpolation);
    }

    /** The word for the feature; empty: the network's own. */
    public String output() {
        return output == null ? "" : output;
    }
}
