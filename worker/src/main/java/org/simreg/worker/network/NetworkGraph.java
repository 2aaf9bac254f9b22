package org.simreg.worker.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.simreg.worker.network.Weight.Kind;

/**
 * A network as a list of layers in the order of computation; the last one gives the output.
 *
 * @param name what people call it, {@code resnet18}
 * @param nodes at least one layer
 * @param inputs channels of the input image, or width of the input feature
 * @param outputs width of the output feature (N, outputs)
 */
public record NetworkGraph(String name, List<NetworkGraph.Node> nodes, int inputs, int outputs) {
    public NetworkGraph {
        nodes = List.copyOf(nodes);
    }

    /** Every tensor in the order of torchvision's state dict, without the counters of batches. */
    public List<Weight> weights() {
        List<Weight> weights = new ArrayList<>();
        for (Node node : nodes) {
            weights.addAll(weightsOf(node));
        }
        return weights;
    }

    /** The trained tensors, which the optimizer updates, in order. */
    public List<Weight> parameters() {
        return weights().stream().filter(weight -> weight.kind().trained()).toList();
    }

    /** Running means and variances, in order. */
    public List<Weight> statistics() {
        return weights().stream().filter(weight -> !weight.kind().trained()).toList();
    }

    /** Number of trained values. */
    public long parameterCount() {
        return parameters().stream().mapToLong(Weight::length).sum();
    }

    /** The TorchScript module that this network is; empty for one of our own layers. */
    public Optional<Op.Script> script() {
        return nodes.size() == 1 && nodes.get(0).op() instanceof Op.Script script
                ? Optional.of(script)
                : Optional.empty();
    }

    /** The tensors of one layer; none for layers that only compute. */
    public static List<Weight> weightsOf(Node node) {
        String prefix = node.name() + ".";
        if (node.op() instanceof Op.Convolution c) {
            long[] shape = {c.out(), c.in() / c.groups(), c.kernel(), c.kernel()};
            return List.of(new Weight(prefix + "weight", shape, Kind.CONVOLUTION));
        }
        if (node.op() instanceof Op.Linear linear) {
            return List.of(
                    new Weight(prefix + "weight", new long[] {linear.out(), linear.in()}, Kind.LINEAR),
                    new Weight(prefix + "bias", new long[] {linear.out()}, Kind.LINEAR_BIAS));
        }
        if (node.op() instanceof Op.BatchNorm norm) {
            long[] shape = {norm.channels()};
            return Stream.of(Kind.NORM_SCALE, Kind.NORM_SHIFT, Kind.RUNNING_MEAN, Kind.RUNNING_VARIANCE)
                    .map(kind -> new Weight(prefix + normName(kind), shape, kind))
                    .toList();
        }
        return node.op() instanceof Op.Script script ? script.weights() : List.of();
    }

    private static String normName(Kind kind) {
        return switch (kind) {
            case NORM_SCALE -> "weight";
            case NORM_SHIFT -> "bias";
            case RUNNING_MEAN -> "running_mean";
            default -> "running_var";
        };
    }

    /**
     * One layer of a network.
     *
     * @param name dotted name of the module that holds its weights ({@code layer1.0.conv1}), or of
     *     its place
     * @param op what it computes
     * @param input number of the value it reads: 0 is the network's input, i + 1 the output of node
     *     i
     * @param second the other summand of {@link Op.Add}, otherwise -1
     */
    public record Node(String name, Op op, int input, int second) {}
}
