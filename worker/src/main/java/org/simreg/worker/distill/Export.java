package org.simreg.worker.distill;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simreg.proto.Job;
import org.simreg.proto.UserError;
import org.simreg.worker.checkpoint.Checkpoints;
import org.simreg.worker.checkpoint.Fit;
import org.simreg.worker.checkpoint.Onnx;
import org.simreg.worker.checkpoint.RunFiles;
import org.simreg.worker.checkpoint.Safetensors;
import org.simreg.worker.checkpoint.ScriptArchive;
import org.simreg.worker.checkpoint.StateDict;
import org.simreg.worker.checkpoint.TorchZip;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;
import org.simreg.worker.network.Weight;
import org.simreg.worker.torchscript.ScriptExport;
import org.simreg.worker.torchscript.ScriptStudent;
import org.simreg.worker.torchscript.Trained;

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
        Optional<Job> job = RunFiles.job(file);
        if (network.isEmpty() && job.isPresent() && job.get().getStudent().hasModule()) {
            return module(file, job.get(), folder, formats);
        }
        StateDict found = Checkpoints.read(file);
        Network backbone =
                Networks.backbone(
                        network.or(() -> job.map(run -> run.getStudent().getNetwork()))
                                .orElseThrow(
                                        () ->
                                                new UserError(
                                                        file
                                                                + " does not say which network its weights belong to; name it with --network")));
        StateDict weights = Fit.fit(found, backbone, file.toString());
        long steps = RunCheckpoint.steps(file);
        return write(folder, backbone, weights.withCounters(backbone, steps), size, formats);
    }

    /**
     * Writes a TorchScript module with the weights of a run's checkpoint, in every format asked for
     * but ONNX, which can't be made of somebody's code.
     *
     * @param job that made the checkpoint
     * @throws UserError if the module's file isn't there or is another one, or nothing is left to
     *     write
     */
    static List<Path> module(Path file, Job job, Path folder, Set<Format> formats) {
        Path module = Path.of(job.getStudent().getModule());
        if (!Files.isReadable(module)) {
            throw new UserError(
                    "Can't export "
                            + file
                            + ": it holds the weights of the TorchScript module "
                            + module
                            + ", which can't be read here; put that file back");
        }
        if (formats.equals(Set.of(Format.ONNX))) {
            throw new UserError(
                    "Can't export "
                            + file
                            + " as ONNX: its student is the TorchScript module "
                            + module
                            + "; choose torchscript, safetensors or pth");
        }
        ScriptArchive archive = ScriptArchive.read(module);
        StateDict weights = Checkpoints.read(file).withoutPrefix(Trained.BACKBONE);
        for (Weight weight : archive.weights()) {
            if (!weights.contains(weight.name())
                    || !Arrays.equals(weights.shape(weight.name()), weight.shape())) {
                throw new UserError(
                        "Can't export "
                                + file
                                + ": it has no "
                                + weight
                                + " of the TorchScript module "
                                + module
                                + ", which must have been replaced; put the old file back");
            }
        }
        return write(folder, ScriptStudent.name(module), archive, weights, formats);
    }

    private static List<Path> write(
            Path folder,
            String name,
            ScriptArchive archive,
            StateDict weights,
            Set<Format> formats) {
        make(folder);
        List<Path> files = new ArrayList<>();
        for (Format format : EnumSet.copyOf(formats)) {
            Path file = folder.resolve(name + format.suffix);
            switch (format) {
                case TORCHSCRIPT -> archive.write(file, weights);
                case SAFETENSORS -> Safetensors.write(file, archive.stateDict(weights));
                case PTH -> TorchZip.write(file, archive.stateDict(weights));
                case ONNX -> {
                    continue;
                }
            }
            files.add(file);
        }
        return files;
    }

    private static void make(Path folder) {
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
        make(folder);
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
