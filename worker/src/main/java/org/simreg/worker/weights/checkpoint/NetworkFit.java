package org.simreg.worker.weights.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.Part;
import org.simreg.worker.weights.part.PartChoice;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** The search for a network's weights among everything that a file holds. */
public final class NetworkFit {
    private static final String POSITIONS = "pos_embed";

    private NetworkFit() {}

    /**
     * A network that was found in a file.
     *
     * @param network with learned positions for the grid of patches that the file has
     * @param weights exactly the network's, in its order, as float32
     * @param choice which of the file's networks they are of
     */
    public record Found(NetworkGraph network, StateDict weights, PartChoice choice) {}

    /**
     * A network as a file has it: a vision transformer with learned positions for the file's grid of patches.
     *
     * @param own tensors with our names
     */
    static NetworkGraph fitted(StateDict own, NetworkGraph network) {
        return own.contains(POSITIONS) ? network.withPositions(own.shape(POSITIONS)) : network;
    }

    /**
     * Exactly the network's weights, in its order, as float32. Prefixes ({@code module.encoder_q.}
     * and any other) are stripped; queues, heads, a last layer that the network lacks and batch counters are left out.
     *
     * @param asked which of several networks of this kind
     * @param fileName for messages
     * @throws UserError if weights are missing, have another shape, or the file has more layers in
     *     the network's own blocks; the message lists them and says which network would fit. Also if there are several
     *     and none is asked for or preferred
     */
    public static Found find(StateDict file, NetworkGraph network, PartRequest asked, String fileName) {
        NetworkParts parts = NetworkParts.of(file, network);
        List<Part> whole = parts.holding(network);
        if (whole.isEmpty()) {
            StateDict near = parts.tensors(parts.nearest(network));
            throw new UserError("Can't use the weights of %s for %s: %s; %s"
                    .formatted(
                            fileName,
                            network.name(),
                            Misfit.of(near, network),
                            quantised(file).orElseGet(() -> advice(file, asked))));
        }
        List<String> names = network.weights().stream().map(Weight::name).toList();
        PartChoice choice = PartChoice.of(whole, asked, names, network.name(), fileName);
        StateDict own = choice.taken().tensors();
        NetworkGraph fitted = fitted(own, network);
        Map<String, LazyTensor> weights = new LinkedHashMap<>();
        for (Weight weight : taken(own, fitted)) {
            weights.put(weight.name(), own.stored(weight.name()).asFloat32());
        }
        return new Found(fitted, new StateDict(weights), choice);
    }

    /** What says that a file's weights are quantised integers, as the end of a sentence; empty if nothing does. */
    static Optional<String> quantised(StateDict file) {
        return file.names().stream()
                .filter(name -> name.endsWith(".zero_point") || name.endsWith("._packed_params"))
                .findFirst()
                .map(name -> "its weights are quantised (%s); give the float network that they were made of"
                        .formatted(name));
    }

    /**
     * The weights of the network that the order of preference gives.
     *
     * @throws UserError as {@link #find}
     */
    public static StateDict fit(StateDict file, NetworkGraph network, String fileName) {
        return find(file, network, PartRequest.ANY, fileName).weights;
    }

    /**
     * The same with a note of what was taken and what was left, where the order of preference decided.
     *
     * @throws UserError as {@link #find}
     */
    public static Found find(
            StateDict file, NetworkGraph network, PartRequest asked, String fileName, Consumer<String> notices) {
        Found found = find(file, network, asked, fileName);
        found.choice.note(asked, network.name(), fileName).ifPresent(notices);
        return found;
    }

    /**
     * The weights of a network that stands behind one prefix of a file.
     *
     * @throws UserError as {@link #find}
     */
    public static StateDict fit(StateDict file, String prefix, NetworkGraph network, String fileName) {
        return find(file.withoutPrefix(prefix), network, PartRequest.ANY, fileName).weights;
    }

    /**
     * Width of the last linear layer ({@code fc}, {@code classifier.1}) that the file has for a
     * network.
     *
     * @param fileName for messages
     * @throws UserError if the file has no such layer, or as {@link #find}
     */
    public static int classes(StateDict file, Network name, PartRequest asked, String fileName) {
        NetworkGraph network = Networks.classifier(name, 1);
        if (network.outputs() == Networks.backbone(name).outputs()) {
            throw new UserError(
                    "Can't take the output of %s's last linear layer: it has none behind its feature; use the pooled feature"
                            .formatted(network.name()));
        }
        List<NetworkGraph.Node> nodes = network.nodes();
        Part part = find(file, Networks.backbone(name), asked, fileName).choice.taken();
        String layer = nodes.get(nodes.size() - 1).name() + ".weight";
        StateDict own = part.tensors();
        if (own.contains(layer) && own.shape(layer).length == 2 && own.shape(layer)[0] > 0) {
            return Math.toIntExact(own.shape(layer)[0]);
        }
        throw new UserError(
                "Can't take the output of %s's last linear layer: %s has no matrix %s; use the pooled feature"
                        .formatted(network.name(), fileName, part.prefix() + layer));
    }

    /** A module's counters are taken from where they stand as float32: a run's checkpoint. */
    static List<Weight> taken(StateDict file, NetworkGraph network) {
        return network.weights().stream()
                .filter(weight -> weight.kind() != Weight.Kind.COUNTER
                        || file.contains(weight.name())
                                && file.dtype(weight.name()).isFloat())
                .toList();
    }

    /** Known networks whose weights a file holds, whole, in the order of their declaration. */
    public static List<Network> fitting(StateDict file) {
        return Networks.all().stream()
                .filter(name -> fits(file, Networks.backbone(name)))
                .toList();
    }

    private static String advice(StateDict file, PartRequest asked) {
        List<String> fitting = fitting(file).stream()
                .map(Networks::backbone)
                .filter(network -> !asked.among(NetworkParts.of(file, network).holding(network), part -> part)
                        .isEmpty())
                .map(NetworkGraph::name)
                .toList();
        if (!fitting.isEmpty()) {
            return "they fit " + String.join(" or ", fitting) + ", so name that network";
        }
        String example = file.names().iterator().next();
        return "they fit no known network (the first is %s%s); give another file"
                .formatted(abbreviated(example), Arrays.toString(file.shape(example)));
    }

    private static boolean fits(StateDict file, NetworkGraph network) {
        return !NetworkParts.of(file, network).holding(network).isEmpty();
    }

    static String abbreviated(String name) {
        return Disk.printable(name.length() <= 80 ? name : name.substring(0, 77) + "...");
    }

    /**
     * The differences that keep a state dict from being a network's weights.
     *
     * @param missing weights of the network that aren't there
     * @param unexpected names in the network's own blocks that it doesn't have
     * @param wrong weights of another shape or type, with both
     */
    record Misfit(List<String> missing, List<String> unexpected, List<String> wrong) {
        private static final int SHOWN = 4;

        public Misfit {
            missing = List.copyOf(missing);
            unexpected = List.copyOf(unexpected);
            wrong = List.copyOf(wrong);
        }

        /**
         * @param file names without prefix
         */
        public static Misfit of(StateDict file, NetworkGraph known) {
            NetworkGraph network = fitted(file, known);
            List<String> missing = new ArrayList<>();
            List<String> wrong = new ArrayList<>();
            for (Weight weight : NetworkFit.taken(file, network)) {
                String name = weight.name();
                if (!file.contains(name)) {
                    missing.add(name);
                } else if (!Arrays.equals(file.shape(name), weight.shape())) {
                    String shape = Arrays.toString(file.shape(name));
                    wrong.add(weight + " has shape " + shape);
                } else if (!file.dtype(name).isFloat()) {
                    wrong.add(weight + " has type " + file.dtype(name));
                }
            }
            return new Misfit(missing, unexpected(file, network), wrong);
        }

        /**
         * Only layers in blocks that the network has too: a ResNet-101 holds all of a ResNet-50. A
         * module's own state dict holds more than is trained.
         */
        private static List<String> unexpected(StateDict file, NetworkGraph network) {
            if (network.script().isPresent()) {
                return List.of();
            }
            Set<String> names = network.weights().stream().map(Weight::name).collect(Collectors.toSet());
            Set<String> blocks = names.stream().map(Misfit::block).collect(Collectors.toSet());
            return file.names().stream()
                    .filter(name -> blocks.contains(block(name)) && !names.contains(name))
                    .filter(name -> !name.endsWith(".num_batches_tracked") && !name.equals("mask_token"))
                    .filter(name ->
                            !Networks.lastLayers().contains(name.substring(0, Math.max(0, name.lastIndexOf('.')))))
                    .map(NetworkFit::abbreviated)
                    .toList();
        }

        private static String block(String name) {
            return name.substring(0, Math.max(0, name.indexOf('.')));
        }

        /** Whether the state dict holds the network. */
        public boolean isEmpty() {
            return missing.isEmpty() && unexpected.isEmpty() && wrong.isEmpty();
        }

        /** "3 missing (a, b, c), 1 unexpected (d)". */
        @Override
        public String toString() {
            List<String> parts = new ArrayList<>();
            list(parts, missing, "missing");
            list(parts, unexpected, "unexpected");
            list(parts, wrong, "not as needed");
            return String.join(", ", parts);
        }

        private static void list(List<String> parts, List<String> names, String what) {
            if (!names.isEmpty()) {
                String more = names.size() > SHOWN ? ", ..." : "";
                List<String> shown = names.subList(0, Math.min(SHOWN, names.size()));
                parts.add("%d %s (%s%s)".formatted(names.size(), what, String.join(", ", shown), more));
            }
        }
    }
}
