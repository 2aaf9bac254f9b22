package org.simreg.worker.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
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
 * @param initialization how its weights are drawn ahead of training
 */
public record NetworkGraph(
        String name,
        List<NetworkGraph.Node> nodes,
        int inputs,
        int outputs,
        List<Stage> stages,
        Initialization initialization) {
    public NetworkGraph {
        nodes = List.copyOf(nodes);
        stages = List.copyOf(stages);
    }

    /** A network without stages. */
    public NetworkGraph(String name, List<NetworkGraph.Node> nodes, int inputs, int outputs) {
        this(name, nodes, inputs, outputs, List.of());
    }

    /** A network whose weights are drawn as a ResNet's. */
    public NetworkGraph(String name, List<NetworkGraph.Node> nodes, int inputs, int outputs, List<Stage> stages) {
        this(name, nodes, inputs, outputs, stages, Initialization.FAN_OUT);
    }

    /** The same network with other layers of the same number. */
    NetworkGraph with(List<Node> others) {
        return new NetworkGraph(name, others, inputs, outputs, stages, initialization);
    }

    /** The same network with weights drawn in another way. */
    public NetworkGraph initialized(Initialization other) {
        return new NetworkGraph(name, nodes, inputs, outputs, stages, other);
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

    /** Whether it is a vision transformer. */
    public boolean isTransformer() {
        return nodes.get(0).op() instanceof Op.PatchTokens;
    }

    /**
     * The network with another feature of its normalised tokens, and without what stands behind them.
     *
     * @return empty if it isn't a vision transformer, or has no class token where that is asked for
     */
    public Optional<NetworkGraph> pooled(Op.Pooling pooling) {
        if (!isTransformer()) {
            return Optional.empty();
        }
        Op.PatchTokens tokens = (Op.PatchTokens) nodes.get(0).op();
        if (pooling != Op.Pooling.MEAN && !tokens.prefix().classToken()) {
            return Optional.empty();
        }
        List<Node> all = new ArrayList<>();
        for (Node node : nodes) {
            if (node.op() instanceof Op.TokenPool || node.op() instanceof Op.AttentionPool) {
                all.add(new Node("pool", new Op.TokenPool(pooling, tokens.prefix()), node.input(), -1));
                break;
            }
            all.add(node);
        }
        int width = tokens.width() * (pooling == Op.Pooling.CLS_MEAN ? 2 : 1);
        return Optional.of(
                new NetworkGraph(name, all, inputs, width, List.of(new Stage("feature", all.size(), width))));
    }

    /** The network with learned positions for images of a size, which its patches fit; the same where it has none. */
    public NetworkGraph forSize(int size) {
        return nodes.get(0).op() instanceof Op.PatchTokens tokens ? withGrid(size / tokens.patch()) : this;
    }

    /** The network with as many learned positions as a tensor has; the same where it has none, or they fit no grid. */
    public NetworkGraph withPositions(long[] shape) {
        if (!(nodes.get(0).op() instanceof Op.PatchTokens t) || shape.length != 3) {
            return this;
        }
        long places = shape[1] - (t.prefix().classToken() ? 1 : 0);
        int grid = (int) Math.round(Math.sqrt(Math.max(0, places)));
        return (long) grid * grid == places && grid > 0 ? withGrid(grid) : this;
    }

    private NetworkGraph withGrid(int grid) {
        if (!(nodes.get(0).op() instanceof Op.PatchTokens t)
                || !t.positions().learned()
                || t.positions().grid() == grid) {
            return this;
        }
        Op.Positions positions = new Op.Positions(grid, t.positions().resizing());
        List<Node> all = new ArrayList<>(nodes);
        Op tokens = new Op.PatchTokens(t.width(), t.patch(), t.bias(), t.prefix(), positions);
        all.set(0, new Node(nodes.get(0).name(), tokens, nodes.get(0).input(), -1));
        return with(all);
    }

    /** The network with a rate of drop path; the same where it has no such branches. */
    public NetworkGraph withDropPath(double rate) {
        List<Node> dropped = nodes.stream()
                .map(node -> node.op() instanceof Op.DropPath path
                        ? new Node(node.name(), new Op.DropPath(path.part(), rate), node.input(), node.second())
                        : node)
                .toList();
        return with(dropped);
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
        if (nodes.get(0).op() instanceof Op.Convolution && !ComputeCost.fits(this, size)) {
            int least = IntStream.iterate(size + 1, larger -> larger + 1)
                    .filter(larger -> ComputeCost.fits(this, larger))
                    .findFirst()
                    .orElseThrow();
            return Optional.of(
                    "%d px leave %s's last layers no pixel; choose at least %d".formatted(size, name, least));
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
            return Weight.linear(prefix, linear.in(), linear.out());
        }
        if (node.op() instanceof Op.BatchNorm norm) {
            long[] shape = {norm.channels()};
            return Stream.of(Kind.NORM_SCALE, Kind.NORM_SHIFT, Kind.RUNNING_MEAN, Kind.RUNNING_VARIANCE)
                    .map(kind -> new Weight(prefix + normName(kind), shape, kind))
                    .toList();
        }
        return node.op() instanceof Op.Script script ? script.weights() : TokenWeights.of(node.op(), prefix);
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
