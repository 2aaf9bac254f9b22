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
 * @param stages places in it whose values can be evaluated, in order, the last of them its feature; empty where it has
 *     none
 */
public record NetworkGraph(String name, List<NetworkGraph.Node> nodes, int inputs, int outputs, List<Stage> stages) {
    public NetworkGraph {
        nodes = List.copyOf(nodes);
        stages = List.copyOf(stages);
    }

    /** A network without stages. */
    public NetworkGraph(String name, List<NetworkGraph.Node> nodes, int inputs, int outputs) {
        this(name, nodes, inputs, outputs, List.of());
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

    /** Whether it is a vision transformer, which is frozen only. */
    public boolean isTransformer() {
        return nodes.get(0).op() instanceof Op.PatchTokens;
    }

    /** The network with a rate of drop path; the same where it has no such branches. */
    public NetworkGraph withDropPath(double rate) {
        List<Node> dropped = nodes.stream()
                .map(node -> node.op() instanceof Op.DropPath path
                        ? new Node(node.name(), new Op.DropPath(path.part(), rate), node.input(), node.second())
                        : node)
                .toList();
        return new NetworkGraph(name, dropped, inputs, outputs, stages);
    }

    /** Whether it has branches that drop path applies to. */
    public boolean hasDropPath() {
        return nodes.stream().anyMatch(node -> node.op() instanceof Op.DropPath);
    }

    /** Whether anything is drawn while it trains, by the seed of the micro-batch. */
    public boolean draws() {
        return script().isPresent()
                || nodes.stream().anyMatch(node -> node.op() instanceof Op.DropPath path && path.probability() > 0);
    }

    /**
     * What keeps images of a height and width from being its input.
     *
     * @param size in pixels
     * @return the rest of a sentence about the size; empty if nothing does
     */
    public Optional<String> misfit(int size) {
        if (nodes.get(0).op() instanceof Op.PatchTokens tokens && size % tokens.patch() != 0) {
            int below = Math.max(1, size / tokens.patch()) * tokens.patch();
            return Optional.of("%d px can't be cut in %s's patches of %d px; choose a multiple, such as %d or %d"
                    .formatted(size, name, tokens.patch(), below, below + tokens.patch()));
        }
        return Optional.empty();
    }

    /** The tensors of one layer; none for layers that only compute. */
    public static List<Weight> weightsOf(Node node) {
        String prefix = node.name() + ".";
        if (node.op() instanceof Op.Convolution c) {
            long[] shape = {c.out(), c.in() / c.groups(), c.kernel(), c.kernel()};
            Weight weight = new Weight(prefix + "weight", shape, Kind.CONVOLUTION);
            return c.bias()
                    ? List.of(weight, new Weight(prefix + "bias", new long[] {c.out()}, Kind.LINEAR_BIAS))
                    : List.of(weight);
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
        return node.op() instanceof Op.Script script ? script.weights() : ofTransformer(node, prefix);
    }

    private static List<Weight> ofTransformer(Node node, String prefix) {
        if (node.op() instanceof Op.PatchTokens tokens) {
            return ofTokens(tokens, prefix);
        }
        if (node.op() instanceof Op.LayerNorm norm) {
            long[] shape = {norm.width()};
            return List.of(
                    new Weight(prefix + "weight", shape, Kind.NORM_SCALE),
                    new Weight(prefix + "bias", shape, Kind.NORM_SHIFT));
        }
        if (node.op() instanceof Op.Attention attention) {
            long width = attention.width();
            return List.of(
                    new Weight(prefix + "qkv.weight", new long[] {3 * width, width}, Kind.LINEAR),
                    new Weight(prefix + "qkv.bias", new long[] {3 * width}, Kind.LINEAR_BIAS),
                    new Weight(prefix + "proj.weight", new long[] {width, width}, Kind.LINEAR),
                    new Weight(prefix + "proj.bias", new long[] {width}, Kind.LINEAR_BIAS));
        }
        return node.op() instanceof Op.LayerScale scale
                ? List.of(new Weight(prefix + "gamma", new long[] {scale.width()}, Kind.PARAMETER))
                : List.of();
    }

    private static List<Weight> ofTokens(Op.PatchTokens tokens, String prefix) {
        Op.Positions positions = tokens.positions();
        long width = tokens.width();
        long places = 1 + (long) positions.grid() * positions.grid();
        List<Weight> weights = new ArrayList<>();
        weights.add(new Weight("cls_token", new long[] {1, 1, width}, Kind.PARAMETER));
        weights.add(new Weight("pos_embed", new long[] {1, places, width}, Kind.PARAMETER));
        if (positions.registers() > 0) {
            long[] shape = {1, positions.registers(), width};
            weights.add(new Weight("register_tokens", shape, Kind.PARAMETER));
        }
        long[] kernel = {width, 3, tokens.patch(), tokens.patch()};
        weights.add(new Weight(prefix + "proj.weight", kernel, Kind.CONVOLUTION));
        weights.add(new Weight(prefix + "proj.bias", new long[] {width}, Kind.LINEAR_BIAS));
        return weights;
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
