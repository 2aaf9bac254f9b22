package org.simreg.worker.export;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.engine.torchscript.ScriptStudent;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.TokenFeature;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.NetworkRecognizer;
import org.simreg.worker.weights.checkpoint.RecognizedFile;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.ShownImages;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.format.TorchZip;
import org.simreg.worker.weights.format.script.ScriptArchive;
import org.simreg.worker.weights.part.Part;
import org.simreg.worker.weights.part.PartChoice;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.part.PartRole;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The export of a student's backbone in the formats that other tools open. All take
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

    private static final String PART = "--part";

    private StudentExport() {}

    /**
     * What is written, and where.
     *
     * @param folder made if absent
     * @param onnx images and operators of the ONNX file
     * @param layout whose names the weights have in safetensors and .pth; empty: ours, which are torchvision's
     */
    public record Target(Path folder, OnnxTarget onnx, Set<Format> formats, Optional<NamingLayout> layout) {
        public Target {
            formats = Set.copyOf(formats);
        }

        /**
         * With an ONNX file for images of any size.
         *
         * @param size height and width of the images that it is declared for, in pixels
         */
        public Target(Path folder, int size, Set<Format> formats, Optional<NamingLayout> layout) {
            this(folder, new OnnxTarget(size), formats, layout);
        }
    }

    /**
     * A backbone with its weights.
     *
     * @param pixels normalisation that it wants
     * @param interpolation of the images that it is evaluated on
     */
    public record Backbone(NetworkGraph network, StateDict weights, Pixels pixels, Interpolation interpolation) {}

    /**
     * The backbone that a file holds.
     *
     * @param notices takes a sentence where something was chosen
     * @throws UserError if the file doesn't hold the network's weights, or has no ONNX operators
     */
    public static Backbone backbone(Source source, Consumer<String> notices) {
        Optional<Job> job = source.ofModule();
        if (job.isPresent()) {
            throw new UserError("Can't export %s as ONNX: its student is the TorchScript module %s"
                    .formatted(source.file, job.get().getStudent().getModule()));
        }
        Read read = Read.of(source, notices);
        OnnxWriter.refuseLarge(read.backbone);
        Told told = Told.of(source.file, read.name);
        return new Backbone(read.backbone, read.counted, told.pixels, told.interpolation);
    }

    /**
     * A network in a file.
     *
     * @param file any readable checkpoint
     * @param network whose weights it holds; empty: as a run's checkpoint says, otherwise the one that they fit
     * @param part which of the file's networks
     * @param output of a vision transformer, cls, mean or cls+mean; empty: the network's own feature
     */
    public record Source(Path file, Optional<Network> network, PartRequest part, String output) {
        /** With the network's own feature. */
        public Source(Path file, Optional<Network> network, PartRequest part) {
            this(file, network, part, "");
        }

        /** What is preferred in a file: of a run's checkpoint the average, if there is one, else the student. */
        public static Source run(Path checkpoint) {
            return new Source(checkpoint, Optional.empty(), PartRequest.ANY);
        }

        /** The student of a run's checkpoint. */
        public static Source student(Path checkpoint) {
            return new Source(checkpoint, Optional.empty(), new PartRequest(StudentNetwork.BACKBONE, PART));
        }

        /** The average of the student of a run's checkpoint that has one. */
        public static Source average(Path checkpoint) {
            String prefix = RunWeights.EMA + StudentNetwork.BACKBONE;
            return new Source(checkpoint, Optional.empty(), new PartRequest(prefix, PART));
        }

        /** The job of a run whose student is a TorchScript module; empty where a network is asked for. */
        private Optional<Job> ofModule() {
            return network.isPresent()
                    ? Optional.empty()
                    : RunWeights.job(file).filter(job -> job.getStudent().hasModule());
        }

        private Optional<Network> named() {
            return network.or(
                    () -> RunWeights.job(file).map(job -> job.getStudent().getNetwork()));
        }
    }

    /** A network that was found in a file, with its weights. */
    private record Read(Network name, NetworkGraph backbone, StateDict counted) {
        static Read of(Source source, Consumer<String> notices) {
            String file = source.file.toString();
            StateDict found = WeightsFile.read(source.file);
            Network name =
                    source.named().orElseGet(() -> recognised(NetworkRecognizer.of(found), source, file, notices));
            NetworkFit.Found fit = NetworkFit.find(found, Networks.backbone(name), source.part, file, notices);
            fit.weights()
                    .notFinite()
                    .ifPresent(odd -> notices.accept(
                            "some weights of %s are %s, %s".formatted(file, odd, "and so are those that are written")));
            StateDict counted = fit.weights().withCounters(fit.network(), RunCheckpoint.steps(source.file));
            return new Read(name, TokenFeature.of(fit.network(), source.output, "--output"), counted);
        }

        private static Network recognised(RecognizedFile found, Source source, String file, Consumer<String> notices) {
            found.refuseModule(file);
            RecognizedFile.FoundNetwork taken = found.network(source.part, file, notice -> {});
            String others = found.networks().stream()
                    .filter(other -> other.name() != taken.name())
                    .map(other -> ", and not " + other)
                    .collect(Collectors.joining());
            String same = Networks.alike(taken.name()).stream()
                    .map(name -> Networks.backbone(name).name())
                    .collect(Collectors.joining(", "));
            String alike = same.isEmpty() ? "" : ", which has the names and shapes of " + same + " too";
            notices.accept("the weights of " + file + " are taken as "
                    + taken.network().name() + alike + others + " (--network and --part can say otherwise)");
            return taken.name();
        }
    }

    /**
     * Writes the backbone that a file holds, under the names of a layout.
     *
     * @param notices takes a sentence where something was chosen
     * @throws UserError if the file doesn't hold the network's weights, or isn't written in the layout
     */
    public static List<Path> checkpoint(Source source, Target target, Consumer<String> notices) {
        if (target.layout.isEmpty()) {
            return plain(source, target, notices);
        }
        Set<Format> named = EnumSet.of(Format.SAFETENSORS, Format.PTH);
        named.retainAll(target.formats);
        if (named.isEmpty()) {
            throw new UserError("--layout names the weights in safetensors and pth; choose one of them by --format");
        }
        Optional<Job> job = source.ofModule();
        if (job.isPresent()) {
            throw new UserError("Can't name the weights of " + source.file + " as another library does: its student is"
                    + " the TorchScript module " + job.get().getStudent().getModule() + "; leave --layout out");
        }
        Read read = Read.of(source, notices);
        Told told = Told.of(source.file, read.name);
        HubExport hub = HubExport.of(read.name, target.layout.get(), read.counted, told.notes);
        Disk.folder(target.folder);
        List<Path> files = new ArrayList<>(hub.write(target.folder, named));
        Set<Format> others = EnumSet.of(Format.TORCHSCRIPT, Format.ONNX);
        others.retainAll(target.formats);
        if (!others.isEmpty()) {
            files.addAll(write(target.folder, read.backbone, read.counted, target.onnx, others, told));
        }
        return files;
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

    /** As {@link #checkpoint(Source, Target, Consumer)}, under our own names and for images of any size. */
    public static List<Path> checkpoint(
            Source source, Path folder, int size, Set<Format> formats, Consumer<String> notices) {
        return plain(source, new Target(folder, size, formats, Optional.empty()), notices);
    }

    private static List<Path> plain(Source source, Target target, Consumer<String> notices) {
        Optional<Job> job = source.ofModule();
        if (job.isPresent()) {
            if (!source.output.isEmpty()) {
                throw new UserError("--output: a TorchScript module has its own feature; leave it out");
            }
            return module(source, job.get(), target.folder, target.formats, notices);
        }
        Read read = Read.of(source, notices);
        return write(
                target.folder,
                read.backbone,
                read.counted,
                target.onnx,
                target.formats,
                Told.of(source.file, read.name));
    }

    /**
     * What goes on with the weights.
     *
     * @param notes what the file's run showed its student
     * @param pixels normalisation that the network wants
     * @param interpolation of the images that it is evaluated on
     */
    private record Told(Map<String, String> notes, Pixels pixels, Interpolation interpolation) {
        static final Told NOTHING = new Told(Map.of(), Pixels.IMAGENET, Interpolation.BILINEAR);

        static Told of(Path file, Network name) {
            return ShownImages.of(file)
                    .map(shown -> new Told(notes(shown), shown.pixels(), shown.interpolation()))
                    .orElseGet(() -> new Told(Map.of(), Networks.pixels(name), Networks.interpolation(name)));
        }

        static Map<String, String> notes(ShownImages shown) {
            return Map.of(ShownImages.NOTE, shown.note());
        }
    }

    /**
     * Writes a TorchScript module with the weights of a run's checkpoint, in every format asked for
     * but ONNX, which can't be made of code from outside.
     *
     * @param job that made the checkpoint
     * @throws UserError if the module's file isn't there or is another one, or nothing is left to
     *     write
     */
    private static List<Path> module(
            Source source, Job job, Path folder, Set<Format> formats, Consumer<String> notices) {
        Path file = source.file;
        Path module = Path.of(job.getStudent().getModule());
        if (!Files.isReadable(module)) {
            throw new UserError("Can't export " + file + ": it holds the weights of the TorchScript module " + module
                    + ", which can't be read here; put that file back");
        }
        if (formats.equals(Set.of(Format.ONNX))) {
            throw new UserError("Can't export " + file + " as ONNX: its student is the TorchScript module " + module
                    + "; choose torchscript, safetensors or pth");
        }
        ScriptArchive archive = ScriptArchive.read(module);
        StateDict weights = ofModule(source, archive, ScriptStudent.name(module), notices);
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
        Map<String, String> notes = ShownImages.of(file).map(Told::notes).orElse(Map.of());
        return write(folder, ScriptStudent.name(module), archive, weights, formats, notes);
    }

    /** The weights of the student or of its average. */
    private static StateDict ofModule(Source source, ScriptArchive archive, String name, Consumer<String> notices) {
        StateDict all = WeightsFile.read(source.file);
        List<Part> parts = Stream.of(RunWeights.EMA + StudentNetwork.BACKBONE, StudentNetwork.BACKBONE)
                .map(prefix -> new Part(prefix, PartRole.of(prefix), all.withoutPrefix(prefix)))
                .filter(part -> !part.tensors().names().isEmpty())
                .toList();
        List<String> names = archive.weights().stream().map(Weight::name).toList();
        PartChoice choice = PartChoice.of(parts, source.part, names, name, source.file.toString());
        choice.note(source.part, name, source.file.toString()).ifPresent(notices);
        return choice.taken().tensors();
    }

    private static List<Path> write(
            Path folder,
            String name,
            ScriptArchive archive,
            StateDict weights,
            Set<Format> formats,
            Map<String, String> notes) {
        Disk.folder(folder);
        List<Path> files = new ArrayList<>();
        for (Format format : EnumSet.copyOf(formats)) {
            Path file = folder.resolve(name + format.suffix);
            switch (format) {
                case TORCHSCRIPT -> archive.write(file, weights, notes);
                case SAFETENSORS -> Safetensors.write(file, archive.stateDict(weights), notes);
                case PTH -> TorchZip.write(file, archive.stateDict(weights), notes);
                case ONNX -> {
                    continue;
                }
            }
            files.add(file);
        }
        return files;
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
        return write(folder, network, weights, new OnnxTarget(size), formats, Told.NOTHING);
    }

    private static List<Path> write(
            Path folder, NetworkGraph network, StateDict weights, OnnxTarget onnx, Set<Format> formats, Told told) {
        if (formats.contains(Format.ONNX)) {
            OnnxWriter.refuseLarge(network);
        }
        Disk.folder(folder);
        List<Path> files = new ArrayList<>();
        for (Format format : EnumSet.copyOf(formats)) {
            Path file = folder.resolve(network.name() + format.suffix);
            switch (format) {
                case TORCHSCRIPT -> TorchScriptWriter.write(file, network, weights, told.notes);
                case SAFETENSORS -> Safetensors.write(file, weights, told.notes);
                case PTH -> TorchZip.write(file, weights, told.notes);
                case ONNX -> OnnxWriter.write(file, OnnxWriter.model(network, weights, onnx, told.pixels));
            }
            files.add(file);
        }
        return files;
    }
}
