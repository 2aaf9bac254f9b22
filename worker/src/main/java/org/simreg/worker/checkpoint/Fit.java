package org.simreg.worker.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.proto.UserError;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;
import org.simreg.worker.network.Node;
import org.simreg.worker.network.Weight;

/** Finds a network's weights among everything that a file holds. */
public final class Fit {
    private static final int SHOWN = 4;

    private Fit() {}

    /**
     * Exactly the network's weights, in its order, as float32. Prefixes ({@code module.encoder_q.}
     * and any other) are stripped; the momentum encoder, queues, heads, a last layer that the
     * network lacks and batch counters are left out.
     *
     * @param fileName for messages
     * @throws UserError if weights are missing, have another shape, or the file has more layers in
     *     the network's own blocks; the message lists them and says which network would fit
     */
    public static StateDict fit(StateDict file, Network network, String fileName) {
        String prefix = Prefix.of(file, network, fileName);
        StateDict own = file.withoutPrefix(prefix);
        Misfit misfit = Misfit.of(own, network);
        if (!misfit.isEmpty()) {
            throw new UserError(
                    "Can't use the weights of %s for %s: %s; %s"
                            .formatted(fileName, network.name(), misfit, wayOut(file)));
        }
        Map<String, StoredTensor> weights = new LinkedHashMap<>();
        for (Weight weight : network.weights()) {
            weights.put(weight.name(), own.stored(weight.name()).asFloat32());
        }
        return new StateDict(weights);
    }

    /**
     * Width of the last linear layer ({@code fc}, {@code classifier.1}) that the file has for a
     * network.
     *
     * @param fileName for messages
     * @throws UserError if the file has no such layer
     */
    public static int classes(StateDict file, org.simreg.proto.Network name, String fileName) {
        Network network = Networks.classifier(name, 1);
        List<Node> nodes = network.nodes();
        String layer =
                Prefix.of(file, network, fileName) + nodes.get(nodes.size() - 1).name() + ".weight";
        if (file.contains(layer) && file.shape(layer).length == 2 && file.shape(layer)[0] > 0) {
            return Math.toIntExact(file.shape(layer)[0]);
        }
        throw new UserError(
                "Can't take the output of %s's last linear layer: %s has no matrix %s; use the pooled feature"
                        .formatted(network.name(), fileName, layer));
    }

    /** Known networks whose weights a file holds, whole, in the order of their declaration. */
    public static List<org.simreg.proto.Network> fitting(StateDict file) {
        return Arrays.stream(org.simreg.proto.Network.values())
                .filter(name -> name != org.simreg.proto.Network.UNRECOGNIZED)
                .filter(name -> fits(file, Networks.backbone(name)))
                .toList();
    }

    private static String wayOut(StateDict file) {
        List<String> fitting =
                fitting(file).stream().map(name -> Networks.backbone(name).name()).toList();
        if (!fitting.isEmpty()) {
            return "they fit " + String.join(" or ", fitting) + ", so name that network";
        }
        String example = file.names().iterator().next();
        return "they fit no known network (the first is %s%s); give another file"
                .formatted(abbreviated(example), Arrays.toString(file.shape(example)));
    }

    private static boolean fits(StateDict file, Network network) {
        try {
            String prefix = Prefix.of(file, network, "");
            return Misfit.of(file.withoutPrefix(prefix), network).isEmpty();
        } catch (UserError ambiguous) {
            return false;
        }
    }

    private static String abbreviated(String name) {
        return Failures.printable(name.length() <= 80 ? name : name.substring(0, 77) + "...");
    }

    /** What keeps a state dict from being a network's weights. */
    private record Misfit(List<String> missing, List<String> unexpected, List<String> wrong) {
        static Misfit of(StateDict file, Network network) {
            List<String> missing = new ArrayList<>();
            List<String> wrong = new ArrayList<>();
            for (Weight weight : network.weights()) {
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
         * Only layers in blocks that the network has too: a ResNet-101 holds all of a ResNet-50.
         */
        private static List<String> unexpected(StateDict file, Network network) {
            Set<String> names =
                    network.weights().stream().map(Weight::name).collect(Collectors.toSet());
            Set<String> blocks = names.stream().map(Misfit::block).collect(Collectors.toSet());
            return file.names().stream()
                    .filter(name -> blocks.contains(block(name)) && !names.contains(name))
                    .filter(name -> !name.endsWith(".num_batches_tracked"))
                    .map(Fit::abbreviated)
                    .toList();
        }

        private static String block(String name) {
            return name.substring(0, Math.max(0, name.indexOf('.')));
        }

        boolean isEmpty() {
            return missing.isEmpty() && unexpected.isEmpty() && wrong.isEmpty();
        }

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
                parts.add(
                        "%d %s (%s%s)"
                                .formatted(names.size(), what, String.join(", ", shown), more));
            }
        }
    }
}
