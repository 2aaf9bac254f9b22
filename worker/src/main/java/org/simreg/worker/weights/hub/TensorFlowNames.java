package org.simreg.worker.weights.hub;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simreg.proto.Network;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The names of residual networks that were ported from TensorFlow with its numbering: {@code
 * conv2d}, {@code conv2d_1}, .. and {@code batch_normalization}, .. in the order in which
 * TensorFlow's program makes the layers, where the projection of a block's shortcut comes before
 * the block's own convolutions. The published PyTorch port of SimCLR's ResNet-50x4 is such a file.
 *
 * @see <a href="https://github.com/google-research/simclr">SimCLR's program and weights</a>
 */
final class TensorFlowNames {
    private static final String CONVOLUTION = "conv2d";
    private static final String NORM = "batch_normalization";

    private TensorFlowNames() {}

    /** The file with torchvision's names in place of TensorFlow's; the file itself without any. */
    static StateDict resolved(StateDict file) {
        Map<String, String> layers = new HashMap<>();
        for (String name : file.names()) {
            if (name.endsWith(CONVOLUTION + ".weight")) {
                String prefix = name.substring(0, name.length() - CONVOLUTION.length() - 7);
                network(file, prefix).ifPresent(of -> layers.putAll(layers(prefix, of)));
            }
        }
        return layers.isEmpty() ? file : renamed(file, layers);
    }

    /** The bottleneck network of as many convolutions; width makes no difference to names. */
    private static Optional<NetworkGraph> network(StateDict file, String prefix) {
        int count = 0;
        while (file.contains(prefix + numbered(CONVOLUTION, count) + ".weight")) {
            count++;
        }
        int found = count;
        return List.of(Network.RESNET50, Network.RESNET101).stream()
                .map(Networks::backbone)
                .filter(network -> order(network, Op.Convolution.class).size() == found)
                .findFirst();
    }

    private static Map<String, String> layers(String prefix, NetworkGraph network) {
        Map<String, String> layers = new HashMap<>();
        put(layers, prefix, CONVOLUTION, order(network, Op.Convolution.class));
        put(layers, prefix, NORM, order(network, Op.BatchNorm.class));
        return layers;
    }

    private static void put(Map<String, String> layers, String prefix, String kind, List<String> order) {
        for (int i = 0; i < order.size(); i++) {
            layers.put(prefix + numbered(kind, i), prefix + order.get(i));
        }
    }

    private static String numbered(String kind, int number) {
        return number == 0 ? kind : kind + "_" + number;
    }

    /** Names of the layers of one kind in TensorFlow's order. */
    private static List<String> order(NetworkGraph network, Class<? extends Op> kind) {
        List<String> order = new ArrayList<>();
        String block = "";
        int first = 0;
        for (NetworkGraph.Node node : network.nodes()) {
            if (!kind.isInstance(node.op())) {
                continue;
            }
            String place = place(node.name());
            first = place.equals(block) ? first : order.size();
            block = place;
            order.add(node.name().contains(".downsample.") ? first : order.size(), node.name());
        }
        return order;
    }

    /** {@code layer1.0} of {@code layer1.0.downsample.1}; empty in the stem. */
    private static String place(String name) {
        String[] parts = name.split("\\.");
        return parts.length < 3 ? "" : parts[0] + "." + parts[1];
    }

    private static StateDict renamed(StateDict file, Map<String, String> layers) {
        Map<String, LazyTensor> tensors = new LinkedHashMap<>();
        for (String name : file.names()) {
            int dot = name.lastIndexOf('.');
            String layer = layers.get(name.substring(0, Math.max(0, dot)));
            String known = layer == null ? name : layer + name.substring(dot);
            tensors.put(known, file.stored(name));
        }
        return new StateDict(tensors);
    }
}
