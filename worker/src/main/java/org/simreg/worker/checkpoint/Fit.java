package org.simreg.worker.checkpoint;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.proto.UserError;
import org.simreg.worker.io.Disk;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Networks;
import org.simreg.worker.network.Node;
import org.simreg.worker.network.Weight;

/** Finds a network's weights among everything that a file holds. */
public final class Fit {
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
        StateDict named = TensorFlowNames.resolved(file);
        String prefix = Prefix.of(named, network, fileName);
        StateDict own = named.withoutPrefix(prefix);
        Misfit misfit = Misfit.of(own, network);
        if (!misfit.isEmpty()) {
            throw new UserError(
                    "Can't use the weights of %s for %s: %s; %s"
                            .formatted(fileName, network.name(), misfit, wayOut(named)));
        }
        Map<String, StoredTensor> weights = new LinkedHashMap<>();
        for (Weight weight : taken(own, network)) {
            weights.put(weight.name(), own.stored(weight.name()).asFloat32());
        }
        return new StateDict(weights);
    }

    /**
     * The weights of a network that stands behind one prefix of a file, which {@link
     * #fit(StateDict, Network, String)} would choose by itself where there are several.
     *
     * @throws UserError as there
     */
    public static StateDict fit(StateDict file, String prefix, Network network, String fileName) {
        return fit(TensorFlowNames.resolved(file).withoutPrefix(prefix), network, fileName);
    }

    /**
     * The file with torchvision's names where a port has TensorFlow's ({@code conv2d_1}, {@code
     * batch_normalization_1}, ..), as {@link #fit} reads it; any other file as it is.
     */
    public static StateDict named(StateDict file) {
        return TensorFlowNames.resolved(file);
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
        StateDict named = TensorFlowNames.resolved(file);
        String prefix = Prefix.of(named, network, fileName);
        String layer = prefix + nodes.get(nodes.size() - 1).name() + ".weight";
        if (file.contains(layer) && file.shape(layer).length == 2 && file.shape(layer)[0] > 0) {
            return Math.toIntExact(file.shape(layer)[0]);
        }
        throw new UserError(
                "Can't take the output of %s's last linear layer: %s has no matrix %s; use the pooled feature"
                        .formatted(network.name(), fileName, layer));
    }

    /** A module's counters are taken from where they stand as float32: a run's checkpoint. */
    static List<Weight> taken(StateDict file, Network network) {
        return network.weights().stream()
                .filter(
                        weight ->
                                weight.kind() != Weight.Kind.COUNTER
                                        || file.contains(weight.name())
                                                && file.dtype(weight.name()).isFloat())
                .toList();
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

    static String abbreviated(String name) {
        return Disk.printable(name.length() <= 80 ? name : name.substring(0, 77) + "...");
    }
}
