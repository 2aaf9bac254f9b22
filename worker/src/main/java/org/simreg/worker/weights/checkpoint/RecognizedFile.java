package org.simreg.worker.weights.checkpoint;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.Part;
import org.simreg.worker.weights.part.PartChoice;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.part.PartRole;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The networks and heads that a file's tensors were recognised as.
 *
 * @param tensors of the file
 * @param networks complete in the file, the one that is usually meant first
 * @param heads sequences of linear layers outside of them
 * @param nearest where no network is complete, the one that lacks least
 * @param others how many tensors belong to neither, by the first two parts of their names
 */
public record RecognizedFile(
        StateDict tensors,
        List<FoundNetwork> networks,
        List<FoundHead> heads,
        Optional<Near> nearest,
        Map<String, Integer> others) {
    public RecognizedFile {
        networks = List.copyOf(networks);
        heads = List.copyOf(heads);
        others = Collections.unmodifiableMap(others);
    }

    /**
     * A network that a file nearly holds.
     *
     * @param problem "3 missing (a, b, c)"
     */
    public record Near(Network name, String prefix, String problem) {}

    /**
     * The network that is asked for. Without a request one that was trained goes before teachers, averages and copies
     * of another kind; among those of one kind the order of {@link PartChoice} decides.
     *
     * @param fileName for messages
     * @throws UserError if there is none, or several that differ are meant alike
     */
    public FoundNetwork network(PartRequest asked, String fileName, Consumer<String> notices) {
        List<FoundNetwork> meant = asked.among(networks, FoundNetwork::part);
        if (meant.isEmpty()) {
            throw refusal(asked, fileName);
        }
        FoundNetwork kind = meant.stream()
                .filter(found -> found.role().isTrained())
                .findFirst()
                .orElse(meant.get(0));
        List<FoundNetwork> alike =
                meant.stream().filter(found -> found.name() == kind.name()).toList();
        String what = kind.network().name();
        List<String> names = kind.network().weights().stream().map(Weight::name).toList();
        PartChoice choice = PartChoice.of(
                alike.stream().map(FoundNetwork::part).toList(),
                PartRequest.ANY.by(asked.option()),
                names,
                what,
                fileName);
        choice.note(asked, what, fileName).ifPresent(notices);
        FoundNetwork taken = alike.stream()
                .filter(found -> found.part() == choice.taken())
                .findFirst()
                .orElseThrow();
        if (asked.isAny() && alike.size() < meant.size()) {
            String others = meant.stream()
                    .filter(found -> found.name() != kind.name())
                    .map(FoundNetwork::toString)
                    .collect(Collectors.joining(", "));
            notices.accept(
                    "%s also holds %s; taken is %s (%s chooses)".formatted(fileName, others, taken, asked.option()));
        }
        return taken;
    }

    /**
     * The same with the networks that are asked for alone.
     *
     * @throws UserError if none is meant
     */
    RecognizedFile only(PartRequest asked, String fileName) {
        List<FoundNetwork> meant = asked.among(networks, FoundNetwork::part);
        if (meant.isEmpty()) {
            throw refusal(asked, fileName);
        }
        return new RecognizedFile(tensors, meant, heads, nearest, others);
    }

    /** Where the networks stand. */
    public List<Part> parts() {
        return networks.stream().map(FoundNetwork::part).toList();
    }

    /** The weights of a network that was found here, in its order, as float32. */
    public StateDict weights(FoundNetwork found, NetworkGraph network, String fileName) {
        return NetworkFit.fit(found.part().tensors(), "", network, fileName);
    }

    /**
     * The heads that a student's feature goes into. The last layers of a classifier or of the
     * network's own pre-training ({@code encoder_q.fc.0}) are no heads of it.
     *
     * @param width of the feature
     * @return also those of none of SimReg's forms
     */
    public List<FoundHead> heads(int width) {
        return heads.stream()
                .filter(FoundHead::namedAsHead)
                .filter(head -> head.in() == width || head.form().isEmpty())
                .sorted(Comparator.comparing(FoundHead::prefix))
                .toList();
    }

    UserError refusal(PartRequest asked, String fileName) {
        if (!networks.isEmpty()) {
            return new UserError("Can't find the part '%s' in %s: it holds %s; choose another by %s"
                    .formatted(
                            asked.text(),
                            fileName,
                            networks.stream().map(FoundNetwork::toString).collect(Collectors.joining(", ")),
                            asked.option()));
        }
        String why = why();
        if (WeightsFile.isScript(Path.of(fileName))) {
            return script(fileName, why);
        }
        return new UserError(
                "Can't recognise a network in %s: %s; see simreg inspect %s, or name the network with --network"
                        .formatted(fileName, why, fileName));
    }

    /** Why no network was recognised, as the end of a sentence. */
    String why() {
        return NetworkFit.quantised(tensors)
                .or(() -> nearest.map(
                        near -> "nearest is " + Networks.backbone(near.name()).name() + " with " + near.problem()))
                .orElse("no name in it is one of a known network");
    }

    /** A TorchScript archive brings its own network, which is run only where that is asked for. */
    static UserError script(String fileName, String why) {
        return new UserError(
                "%s is a TorchScript archive of none of the known networks (%s); to run the module in it, write torchscript:%s"
                        .formatted(fileName, why, fileName));
    }

    /**
     * Refuses a TorchScript archive where only a known network's weights are of use.
     *
     * @throws UserError if it is one, and no network was recognised in it
     */
    public void refuseModule(String fileName) {
        if (networks.isEmpty() && WeightsFile.isScript(Path.of(fileName))) {
            throw new UserError(
                    "%s is a TorchScript archive of none of the known networks (%s), and only their weights can be exported: name the one that it holds with --network, or write the module's ONNX file with torch.onnx.export in Python"
                            .formatted(fileName, why()));
        }
    }

    /**
     * A network that a file holds completely.
     *
     * @param name its kind; {@code RESNET50} also for BYOL's, whose names and shapes are the same
     * @param part where it stands, and what it was for
     * @param classes width of its last linear layer, 0 if the file has none
     */
    public record FoundNetwork(Network name, Part part, int classes) {
        /** Before its names in the file, {@code module.encoder_q.}. */
        public String prefix() {
            return part.prefix();
        }

        /** What it was for, by the prefix. */
        public PartRole role() {
            return part.role();
        }

        /** Its layers up to the pooled feature. */
        public NetworkGraph network() {
            return NetworkFit.fitted(part.tensors(), Networks.backbone(name));
        }

        /** "resnet18, student at 'student.'". */
        @Override
        public String toString() {
            return network().name() + ", " + part;
        }
    }

    /**
     * Numbered layers in a file that map a feature to another: a head of SimReg's, or something
     * like it.
     *
     * @param prefix before the numbers, {@code predict_q.module.}
     * @param form "released, 4 layers"; empty if it is none of SimReg's heads
     * @param network the layers, where the form is known
     * @param layers what each key holds, "0 Linear 512 -> 1024"
     * @param in width of the feature that it takes
     * @param out width of what it gives
     */
    public record FoundHead(
            String prefix, String form, Optional<NetworkGraph> network, List<String> layers, int in, int out) {
        public FoundHead {
            layers = List.copyOf(layers);
        }

        /** Whether its name says that SimReg's training made it, or the authors'. */
        private boolean namedAsHead() {
            return prefix.matches("(.*\\.)?(predict_q|predictor|projector|head\\d*)\\.(module\\.)?");
        }

        /** "0 Linear 512 -> 1024, 1 BatchNorm 1024, ..". */
        public String shapes() {
            return String.join(", ", layers);
        }
    }
}
