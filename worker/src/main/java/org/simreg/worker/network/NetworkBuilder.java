package org.simreg.worker.network;

import java.util.ArrayList;
import java.util.List;

/**
 * A builder of a {@link NetworkGraph}, layer by layer. {@link #add}, {@link #join} and {@link #sum} return the
 * number of the value that the layer makes, as {@link NetworkGraph.Node#input()} counts.
 */
public final class NetworkBuilder {
    /** Number of the network's input. */
    public static final int INPUT = 0;

    private final List<NetworkGraph.Node> nodes = new ArrayList<>();
    private final List<Stage> stages = new ArrayList<>();

    /** A layer that reads one value. */
    public int add(String name, Op op, int input) {
        return join(name, op, input, -1);
    }

    /** A layer that reads two values. */
    public int join(String name, Op op, int left, int right) {
        nodes.add(new NetworkGraph.Node(name, op, left, right));
        return nodes.size();
    }

    /** The sum of two values. */
    public int sum(String name, int left, int right) {
        return join(name, new Op.Add(), left, right);
    }

    /** Makes a value a place that can be evaluated; the last of them is the network's feature. */
    public void stage(String name, int value, int width) {
        stages.add(new Stage(name, value, width));
    }

    /** The network of all layers so far. */
    public NetworkGraph network(String name, int inputs, int outputs) {
        return new NetworkGraph(name, nodes, inputs, outputs, stages);
    }
}
