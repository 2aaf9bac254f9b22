package org.simreg.worker.distill;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.Fit;
import org.simreg.worker.checkpoint.Onnx;
import org.simreg.worker.checkpoint.Safetensors;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.checkpoint.TorchZip;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;
import org.simreg.worker.torchscript.ScriptExport;

/**
 * A network with its weights in the formats that other tools open. All take normalised images (N,
 * 3, H, W) float32.
 */
public final class Export {
    /** A file format. */
    public enum Format {
        TORCHSCRIPT(".torchscript.pt"),
        SAFETENSORS(".safetensors"),
        PTH(".pth"),
        ONNX(".onnx");

        private final String suffix;

        Format(String suffix) {
            this.suffix = suffix;
        }
    }

    private Export() {}

    /**
     * Writes the backbone that a file holds; see {@link #write(Path, Network, StateDict, int,
     * Set)}.
     *
     * @param file any readable checkpoint
     * @param network whose weights it holds; empty if it is a run's checkpoint, which says so
     *     itself
     * @throws UserError if the file doesn't hold the network's weights
     */
    public static List<Path> checkpoint(
            Path file,
            Optional<org.simreg.proto.Network> network,
            Path folder,
            int size,
            Set<Format> formats) {
        StateDict found = Checkpoints.read(file);
        Network backbone =
                Networks.backbone(
                        network.or(() -> RunCheckpoint.student(file))
                                .orElseThrow(
                                        () ->
                                                new UserError(
                                                        file
                                                                + " does not say which network its weights belong to; name it with --network")));
        StateDict weights = Fit.fit(found, backbone, file.toString());
        long steps = RunCheckpoint.steps(file);
        return write(folder, backbone, weights.withCounters(backbone, steps), size, formats);
    }

    /** Writes all formats; see {@link #write(Path, Network, StateDict, int, Set)}. */
    static List<Path> write(Path folder, Network network, StateDict weights, int size) {
        return write(folder, network, weights, size, EnumSet.allOf(Format.class));
    }

    /**
     * Writes {@code <network>.<suffix>} for each format.
     *
     * @param weights the network's weights with the counters of batches
     * @param size height and width of the images that the ONNX file is declared for, in pixels
     * @return the files
     * @throws UserError if the folder can't be written
     */
    public static List<Path> write(
            Path folder, Network network, StateDict weights, int size, Set<Format> formats) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UserError(
                    "the folder "
                            + folder
                            + " can't be made: "
                            + e.getMessage()
                            + "; choose another",
                    e);
        }
        List<Path> files = new ArrayList<>();
        for (Format format : EnumSet.copyOf(formats)) {
            Path file = folder.resolve(network.name() + format.suffix);
            switch (format) {
                case TORCHSCRIPT -> ScriptExport.write(file, network, weights);
                case SAFETENSORS -> Safetensors.write(file, weights);
                case PTH -> TorchZip.write(file, weights);
                case ONNX -> Onnx.write(file, network, weights, size);
            }
            files.add(file);
        }
        return files;
    }
}
