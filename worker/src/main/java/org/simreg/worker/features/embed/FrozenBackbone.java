package org.simreg.worker.features.embed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.engine.torchscript.ScriptModule;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Stage;
import org.simreg.worker.network.TokenFeature;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.RecognizedFile;
import org.simreg.worker.weights.checkpoint.RunWeights;
import org.simreg.worker.weights.checkpoint.ShownImages;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A frozen network with the weights of a file from anywhere, which gives features as training's
 * evaluation does.
 */
public final class FrozenBackbone implements ImageEmbedder.Features, AutoCloseable {
    /** The option that chooses a feature. */
    public static final String OUTPUT = "--output";

    private final ImageEmbedder.Features features;
    private final AutoCloseable module;
    private final Identity identity;
    private final Interpolation interpolation;
    private final List<Stage> stages;

    /**
     * The identity of a frozen network: what decides its features besides the images.
     *
     * @param file that holds the weights
     * @param sha256 of that file
     * @param network its name; {@code torchscript} for a module of others
     * @param precision float32 or bfloat16; a module of others decides for itself
     */
    public record Identity(Path file, String sha256, String network, Precision precision) {}

    /**
     * A request for the network of a file.
     *
     * @param source a checkpoint, a run folder, or {@code torchscript:FILE}
     * @param network whose weights the file holds; empty if the file is to be recognised
     * @param precision empty: that of the run which the file comes from, else float32
     * @param part which of the networks that the file holds
     * @param ends what the network sees and gives
     */
    public record Request(
            String source, Optional<Network> network, Optional<Precision> precision, PartRequest part, Ends ends) {
        /** The network that the order of preference gives. */
        public Request(String source, Optional<Network> network, Optional<Precision> precision) {
            this(source, network, precision, PartRequest.ANY, Ends.OWN);
        }

        /** The file: of a run folder its newest checkpoint. */
        public Path file() {
            return TeacherSource.of(source) instanceof TeacherSource.TorchScript script
                    ? Path.of(script.file())
                    : RunWeights.weights(Path.of(source));
        }

        /** The job of the run that the file is a checkpoint of. */
        public Optional<Job> job() {
            return script() ? Optional.empty() : RunWeights.job(file());
        }

        /** What the run showed that the file comes from, also where it was exported. */
        public Optional<ShownImages> shown() {
            return ShownImages.of(source);
        }

        boolean script() {
            return TeacherSource.of(source) instanceof TeacherSource.TorchScript;
        }

        /**
         * The pixels that a known network sees.
         *
         * @param name of the network
         * @param notices takes a sentence where they are others than ImageNet's and nobody asked for them
         */
        private Pixels pixels(Network name, Consumer<String> notices) {
            Optional<Pixels> said = ends.pixels.or(() -> shown().map(ShownImages::pixels));
            Pixels own = Networks.pixels(name);
            if (said.isEmpty() && own != Pixels.IMAGENET) {
                notices.accept("%s sees its pixels as %s was trained, %s; --pixels can say otherwise"
                        .formatted(source, Networks.backbone(name).name(), word(own)));
            }
            return said.orElse(own);
        }

        /** How images are resized for a known network. */
        private Interpolation interpolation(Network name, Consumer<String> notices) {
            Optional<Interpolation> said = ends.interpolation.or(() -> shown().map(ShownImages::interpolation));
            Interpolation own = Networks.interpolation(name);
            if (said.isEmpty() && own != Interpolation.BILINEAR) {
                notices.accept(
                        "%s sees %s images, as the publishers of %s evaluate it; --interpolation can say otherwise"
                                .formatted(
                                        source,
                                        word(own),
                                        Networks.backbone(name).name()));
            }
            return said.orElse(own);
        }
    }

    /**
     * The two ends of a network: what it sees, and what of it is the feature.
     *
     * @param pixels empty: as the run that its weights come from, else what the network was trained with
     * @param interpolation how images are resized for it; empty: likewise, else as its publishers evaluate it
     * @param output of a vision transformer or a TorchScript module, as {@code --output}; empty: its own feature
     */
    public record Ends(Optional<Pixels> pixels, Optional<Interpolation> interpolation, String output) {
        /** The network's own. */
        public static final Ends OWN = new Ends(Optional.empty(), Optional.empty(), "");
    }

    private FrozenBackbone(
            ImageEmbedder.Features features,
            AutoCloseable module,
            Identity identity,
            Interpolation interpolation,
            List<Stage> stages) {
        this.features = features;
        this.module = module;
        this.identity = identity;
        this.interpolation = interpolation;
        this.stages = stages;
    }

    /**
     * Opens a network whose features are its output.
     *
     * @param notices takes a sentence if the file fits more than one network
     * @throws UserError if the file can't be read or holds no known network's weights
     */
    public static FrozenBackbone open(Torch torch, Request asked, Consumer<String> notices) {
        Path file = asked.file();
        if (asked.script()) {
            return script(torch, asked, file);
        }
        WeightsChoice chosen = WeightsChoice.of(asked, notices);
        Pixels pixels = asked.pixels(chosen.kind(), notices);
        NetworkGraph network = TokenFeature.of(chosen.network(), asked.ends.output, OUTPUT);
        FrozenModule frozen = FrozenModule.of(torch, network, chosen.weights(), pixels, bfloat16(chosen));
        Interpolation interpolation = asked.interpolation(chosen.kind(), notices);
        return new FrozenBackbone(frozen::features, frozen, identity(chosen, asked, pixels), interpolation, List.of());
    }

    /**
     * Opens a network with the features of every stage and of every layer of the heads in the file,
     * one beside the other, see {@link #stages}.
     *
     * @param layers names of the stages that are wanted; empty: all
     * @throws UserError as {@link #open}; also if a head of the file has another form than SimReg's
     */
    public static FrozenBackbone staged(Torch torch, Request asked, List<String> layers, Consumer<String> notices) {
        Path file = asked.file();
        if (asked.script()) {
            throw new UserError(
                    "Can't look into the TorchScript module %s: the stages of a network are known for checkpoints only; use simreg eval knn or linear"
                            .formatted(file));
        }
        if (!asked.ends.output.isEmpty()) {
            throw new UserError(OUTPUT + ": stages have their own features; leave it out");
        }
        WeightsChoice chosen = WeightsChoice.of(asked, notices);
        Pixels pixels = asked.pixels(chosen.kind(), notices);
        StagedNetwork staged = StagedNetwork.of(chosen, layers, file.toString());
        FrozenModule frozen = FrozenModule.stages(
                torch,
                staged.network(),
                staged.weights(),
                new FrozenModule.Kind(pixels, bfloat16(chosen), torch.fuses()),
                staged.stages());
        return new FrozenBackbone(
                frozen::features,
                frozen,
                identity(chosen, asked, pixels),
                asked.interpolation(chosen.kind(), notices),
                staged.stages());
    }

    private static FrozenBackbone script(Torch torch, Request asked, Path file) {
        if (asked.network().isPresent() || asked.precision().isPresent()) {
            throw new UserError(
                    "A TorchScript module brings its own network and precision: leave out --network and --precision for torchscript:"
                            + file);
        }
        if (!asked.part().isAny()) {
            throw new UserError("%s: a TorchScript module holds one network; choose among its results by %s %s"
                    .formatted(asked.part().option(), OUTPUT, asked.part().text()));
        }
        Pixels pixels = asked.ends.pixels.orElse(Pixels.IMAGENET);
        String output = asked.ends.output;
        ScriptModule script = new ScriptModule(torch, file, pixels, new ScriptModule.Wanted(output, OUTPUT));
        String name = output.isEmpty() ? "torchscript" : "torchscript " + output;
        Identity identity = new Identity(file, sha256(file), seen(name, pixels), Precision.FLOAT32);
        Interpolation interpolation = asked.ends
                .interpolation
                .or(() -> asked.shown().map(ShownImages::interpolation))
                .orElse(Interpolation.BILINEAR);
        return new FrozenBackbone(script::features, script, identity, interpolation, List.of());
    }

    private static boolean bfloat16(WeightsChoice chosen) {
        return chosen.precision() == Precision.BFLOAT16;
    }

    private static Identity identity(WeightsChoice chosen, Request asked, Pixels pixels) {
        String output = asked.ends.output;
        String name = output.isEmpty() ? chosen.name() : chosen.name() + " " + output;
        return new Identity(asked.file(), sha256(asked.file()), seen(name, pixels), chosen.precision());
    }

    private static String sha256(Path file) {
        try {
            return WeightsFile.sha256(file);
        } catch (IOException e) {
            throw new UserError("Can't read " + file + ": " + Disk.reason(e), e);
        }
    }

    /** "resnet50" where a network sees what most do, else "resnet50, pixels unit". */
    private static String seen(String network, Pixels pixels) {
        return pixels == Pixels.IMAGENET ? network : network + ", pixels " + word(pixels);
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** How images are to be resized for it. */
    public Interpolation interpolation() {
        return interpolation;
    }

    /** The stages that its features consist of, in order; none: the network's output. */
    public List<Stage> stages() {
        return stages;
    }

    /** File, digest, network and precision that decide its features. */
    public Identity identity() {
        return identity;
    }

    @Override
    public NDArray of(NDManager scope, NDArray images) {
        return features.of(scope, images);
    }

    @Override
    public void close() {
        try {
            module.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("a frozen network could not be closed", e);
        }
    }

    /**
     * A network of a file joined with the heads that the file has on top of it, and the stages
     * whose features are asked for.
     *
     * @param network backbone and heads as one
     * @param weights of all of it
     * @param stages of the backbone, then of every head
     */
    private record StagedNetwork(NetworkGraph network, StateDict weights, List<Stage> stages) {
        /**
         * @param layers names of the stages that are wanted; empty: all
         * @throws UserError if a head of the file is none of SimReg's, with its shapes; or a name
         *     is none of its stages
         */
        static StagedNetwork of(WeightsChoice chosen, List<String> layers, String fileName) {
            NetworkGraph network = chosen.network();
            int feature = network.nodes().size();
            Map<String, HostTensor> weights = new LinkedHashMap<>();
            put(weights, "", chosen.weights());
            List<Stage> stages = new ArrayList<>(network.stages());
            List<RecognizedFile.FoundHead> heads = heads(chosen, layers, fileName);
            for (RecognizedFile.FoundHead head : heads) {
                String name = heads.size() == 1 ? "head" : "head" + heads.indexOf(head);
                NetworkGraph layersOfHead = head.network().orElseThrow();
                stages.addAll(Stage.ofHead(layersOfHead, name, network.nodes().size()));
                network = Stage.joined(network, feature, layersOfHead, name);
                StateDict own = NetworkFit.fit(chosen.recognised().tensors(), head.prefix(), layersOfHead, fileName);
                put(weights, name + ".", own);
            }
            return new StagedNetwork(network, StateDict.of(weights), wanted(stages, layers, fileName));
        }

        private static void put(Map<String, HostTensor> all, String prefix, StateDict weights) {
            weights.names().forEach(name -> all.put(prefix + name, weights.get(name)));
        }

        private static List<RecognizedFile.FoundHead> heads(
                WeightsChoice chosen, List<String> layers, String fileName) {
            boolean none = layers.stream().noneMatch(name -> name.startsWith("head"));
            if (!chosen.part().role().isTrained() || none && !layers.isEmpty()) {
                return List.of();
            }
            List<RecognizedFile.FoundHead> heads =
                    chosen.recognised().heads(chosen.network().outputs());
            for (RecognizedFile.FoundHead head : heads) {
                if (head.network().isEmpty()) {
                    throw new UserError(
                            "Can't evaluate the head %s* of %s: its layers are %s, which is none of SimReg's heads; name the backbone's stages with --layers to leave it out"
                                    .formatted(head.prefix(), fileName, head.shapes()));
                }
            }
            return heads;
        }

        private static List<Stage> wanted(List<Stage> stages, List<String> layers, String fileName) {
            List<String> known = stages.stream().map(Stage::name).toList();
            List<String> unknown =
                    layers.stream().filter(name -> !known.contains(name)).toList();
            if (!unknown.isEmpty()) {
                throw new UserError("--layers: %s has no %s; choose of %s"
                        .formatted(
                                fileName,
                                String.join(", ", unknown),
                                known.stream().collect(Collectors.joining(", "))));
            }
            return stages.stream()
                    .filter(stage -> layers.isEmpty() || layers.contains(stage.name()))
                    .toList();
        }
    }
}
