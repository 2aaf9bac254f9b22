package org.simreg.worker.network;

import java.util.ArrayList;
import java.util.List;

/**
 * A place in a network whose value can be evaluated as a feature: the stem, each stage of a
 * backbone ({@link NetworkGraph#stages}), each layer of a head.
 *
 * @param name {@code layer3}, {@code head.2}
 * @param value number of the value there, as {@link NetworkGraph.Node#input()} counts; of images
 *     (N, C, H, W) the feature is the mean over H and W
 * @param width C
 */
public record Stage(String name, int value, int width) {
    private static int width(Op op, int before) {
        if (op instanceof Op.Convolution convolution) {
            return convolution.out();
        }
        return op instanceof Op.Linear linear ? linear.out() : before;
    }

    /**
     * The layers of a head in order, each with the BatchNorm and ReLU behind its linear layer:
     * {@code head.1} and so on.
     *
     * @param name of the head, {@code head}
     * @param before number of layers that the network has below the head, see {@link #joined}
     */
    public static List<Stage> ofHead(NetworkGraph head, String name, int before) {
        List<Stage> stages = new ArrayList<>();
        List<NetworkGraph.Node> nodes = head.nodes();
        int width = 0;
        for (int i = 0; i < nodes.size(); i++) {
            width = width(nodes.get(i).op(), width);
            boolean ends = i + 1 == nodes.size() || nodes.get(i + 1).op() instanceof Op.Linear;
            if (ends && width > 0) {
                stages.add(new Stage(name + "." + (stages.size() + 1), before + i + 1, width));
            }
        }
        return stages;
    }

    /**
     * A head on top of a network, as one network.
     *
     * @param name in front of the names of the head's layers, with a dot between
     * @param feature number of the value that the head reads
     */
    public static NetworkGraph joined(NetworkGraph network, int feature, NetworkGraph head, String name) {
        List<NetworkGraph.Node> nodes = new ArrayList<>(network.nodes());
        int before = nodes.size();
        for (NetworkGraph.Node node : head.nodes()) {
            int input = node.input() == 0 ? feature : before + node.input();
            nodes.add(new NetworkGraph.Node(name + "." + node.name(), node.op(), input, -1));
        }
        return new NetworkGraph(network.name(), nodes, network.inputs(), head.outputs());
    }
}
