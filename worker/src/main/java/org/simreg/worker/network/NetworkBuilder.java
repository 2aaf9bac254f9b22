package org.simreg.worker.network;

import java.util.ArrayList;
import java.util.List;

/**
 * A builder of a {@link NetworkGraph}, layer by layer. {@link #add} and {@link #sum} return the
 * number of the value that the layer makes, as {@link NetworkGraph.Node#input()} counts.
 */
final class NetworkBuilder {
    /** Number of the network's input. */
    static final int INPUT = 0;

    private final List<NetworkGraph.Node> nodes = new ArrayList<>();

    int add(String name, Op op, int input) {
        nodes.add(new NetworkGraph.Node(name, op, input, -1));
        return nodes.size();
    }

    int sum(String name, int left, int right) {
        nodes.add(new NetworkGraph.Node(name, new Op.Add(), left, right));
        return nodes.size();
    }

    NetworkGraph network(String name, int inputs, int outputs) {
        return new NetworkGraph(name, nodes, inputs, outputs);
    }
}
