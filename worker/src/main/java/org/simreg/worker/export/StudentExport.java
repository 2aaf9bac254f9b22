package org.simreg.worker.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torchscript.ScriptStudent;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.network.Layout;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Networks;
import org.simreg.worker.network.Weight;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.weights.checkpoint.FittingNetwork;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.format.ScriptArchive;
import org.simreg.worker.weights.format.TorchZip;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The export of a network with its weights in the formats that other tools open. All take
 * normalised images (N, 3, H, W) float32.
 */
public final class StudentExport {
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

    private StudentExport() {}

    /**
     * What is written, and where.
     *
     * @param folder made if absent
     * @param size height and width of the images that the ONNX file is declared for, in pixels
     * @param layout whose names the weights have in safetensors and .pth; empty: ours, which are torchvision's
     */
    public record Target(Path folder, int size, Set<Format> formats, Optional<Layout> layout) {
        public Target {
            formats = Set.copyOf(formats);
        }
    }

    /**
     * Writes the backbone that a file holds, under the names of a layout.
     *
     * @param file any readable checkpoint
     * @param network as below
     * @throws UserError as below, or if the layout has no such network
     */
    public static List<Path> checkpoint(Path file, Optional<Network> network, Target target) {
        if (target.layout.isEmpty()) {
            return checkpoint(file, network, target.folder, target.size, target.formats);
        }
        Set<Format> named = EnumSet.of(Format.SAFETENSORS, Format.PTH);
        named.retainAll(target.formats);
        if (named.isEmpty()) {
            throw new UserError("--layout names the weights in safetensors and pth; choose one of them by --format");
        }
        Network name = network(file, network);
        NetworkGraph backbone = Networks.backbone(name);
        StateDict weights = NetworkFit.fit(WeightsFile.read(file), backbone, file.toString());
        StateDict counted = weights.withCounters(backbone, RunCheckpoint.steps(file));
        HubExport hub = HubExport.of(name, target.layout.get(), counted);
        make(target.folder);
        List<Path> files = new ArrayList<>(hub.write(target.folder, named));
        Set<Format> others = EnumSet.of(Format.TORCHSCRIPT, Format.ONNX);
        others.retainAll(target.formats);
        if (!others.isEmpty()) {
            files.addAll(write(target.folder, backbone, counted, target.size, others));
        }
        return files;
    }

    private static Network network(Path file, Optional<Network> network) {
        Optional<Job> job = RunWeights.job(file);
        if (network.isEmpty() && job.isPresent() && job.get().getStudent().hasModule()) {
            throw new UserError("Can't name the weights of " + file + " as another library does: its student is the"
                    + " TorchScript module " + job.get().getStudent().getModule() + "; leave --layout out");
        }
        return network.or(() -> job.map(run -> run.getStudent().getNetwork()))
                .orElseGet(() -> FittingNetwork.of(WeightsFile.read(file), file.toString(), "--network", notice -> {}));
    }

    /**
     * The names of all files that an export of a job's student writes.
     *
     * @param job completed
     */
    public static Set<String> fileNames(Job job) {
        String name = job.getStudent().hasModule()
                ? ScriptStudent.name(Path.of(job.getStudent().getModule()))
                : Networks.backbone(job.getStudent().getNetwork()).name();
        return Arrays.stream(Format.values())
                .map(format -> name + format.suffix)
                .collect(Collectors.toSet());
    }

    /**
     * Writes the backbone that a file holds; see {@link #write(Path, NetworkGraph, StateDict, int,
     * Set)}.
     *
     * @param file any readable checkpoint
     * @param network whose weights it holds; empty: as a run's checkpoint says, otherwise the one that they fit
     * @throws UserError if the file doesn't hold the network's weights
     */
    public static List<Path> checkpoint(
            Path file, Optional<Network> network, Path folder, int size, Set<Format> formats) {
        Optional<Job> job = RunWeights.job(file);
        if (network.isEmpty() && job.isPresent() && job.get().getStudent().hasModule()) {
            return module(file, job.get(), folder, formats);
        }
        StateDict found = WeightsFile.read(file);
        NetworkGraph backbone = Networks.backbone(network(file, network));
        StateDict weights = NetworkFit.fit(found, backbone, file.toString());
        long steps = RunCheckpoint.steps(file);
        return write(folder, backbone, weights.withCounters(backbone, steps), size, formats);
    }

    /**
     * Writes a TorchScript module with the weights of a run's checkpoint, in every format asked for
     * but ONNX, which can't be made of code from outside.
     *
     * @param job that made the checkpoint
     * @throws UserError if the module's file isn't there or is another one, or nothing is left to
     *     write
     */
    static List<Path> module(Path file, Job job, Path folder, Set<Format> formats) {
        Path module = Path.of(job.getStudent().getModule());
        if (!Files.isReadable(module)) {
            throw new UserError("Can't export "
                    + file
                    + ": it holds the weights of the TorchScript module "
                    + module
                    + ", which can't be read here; put that file back");
        }
        if (formats.equals(Set.of(Format.ONNX))) {
            throw new UserError("Can't export "
                    + file
                    + " as ONNX: its student is the TorchScript module "
                    + module
                    + "; choose torchscript, safetensors or pth");
        }
        ScriptArchive archive = ScriptArchive.read(module);
        StateDict weights = WeightsFile.read(file).withoutPrefix(StudentNetwork.BACKBONE);
        for (Weight weight : archive.weights()) {
            if (!weights.contains(weight.name()) || !Arrays.equals(weights.shape(weight.name()), weight.shape())) {
                throw new UserError("Can't export "
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
            Path folder, String name, ScriptArchive archive, StateDict weights, Set<Format> formats) {
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

    static void make(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UserError("the folder " + folder + " can't be made: " + e.getMessage() + "; choose another", e);
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
            Path folder, NetworkGraph network, StateDict weights, int size, Set<Format> formats) {
        make(folder);
        List<Path> files = new ArrayList<>();
        for (Format format : EnumSet.copyOf(formats)) {
            Path file = folder.resolve(network.name() + format.suffix);
            switch (format) {
                case TORCHSCRIPT -> TorchScriptWriter.write(file, network, weights);
                case SAFETENSORS -> Safetensors.write(file, weights);
                case PTH -> TorchZip.write(file, weights);
                case ONNX -> OnnxWriter.write(file, network, weights, size);
            }
            files.add(file);
        }
        return files;
    }
}
