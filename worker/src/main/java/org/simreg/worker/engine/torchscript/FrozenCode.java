package org.simreg.worker.engine.torchscript;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.proto.Pixels;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torchscript.layer.LayerCode;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;

/**
 * Inference of a folded network as TorchScript source: {@code bind(weights)} once, then {@code
 * features(images)}.
 *
 * <p>On the CPU a convolution takes the ReLU or the sum and ReLU behind it along (oneDNN's
 * post-operations), which saves a walk through memory each, and its weights are reordered once for
 * the kernel.
 */
final class FrozenCode {
    static final String CLASS = "Frozen";

    private final NetworkGraph network;
    private final FlatLayout layout;
    private final boolean bfloat16;
    private final boolean fused;
    private final List<Integer> taps;
    private final ScriptSource source = new ScriptSource();
    private final List<String> order;
    private final int[] uses;
    private final LayerCode layers;

    private FrozenCode(NetworkGraph network, boolean bfloat16, boolean fused, List<Integer> taps) {
        this.network = network;
        this.bfloat16 = bfloat16;
        this.fused = fused;
        this.taps = taps;
        layout = new FlatLayout(network.weights());
        layers = new LayerCode(source, this::trained, bfloat16);
        order = layout.weights().stream().map(Weight::name).toList();
        uses = new int[network.nodes().size() + 1];
        for (NetworkGraph.Node node : network.nodes()) {
            uses[node.input()]++;
            if (node.second() >= 0) {
                uses[node.second()]++;
            }
        }
        taps.forEach(value -> uses[value]++);
    }

    /**
     * The methods of the class {@link #CLASS}.
     *
     * @param network without BatchNorm behind its convolutions, which have a bias instead
     * @param pixels normalisation that the network wants
     * @param fused whether oneDNN's fused convolutions are used (CPU only)
     * @param taps numbers of the values whose features are given, one beside the other, images by
     *     their mean over H and W; none: the network's output
     */
    static String of(NetworkGraph network, Pixels pixels, boolean bfloat16, boolean fused, List<Integer> taps) {
        FrozenCode code = new FrozenCode(network, bfloat16, fused, taps);
        code.bind();
        code.features(pixels);
        return LayerCode.methods(List.of(network)) + code.source;
    }

    private void bind() {
        source.method("bind(self, weights: Tensor) -> Tensor");
        source.line("rounded = torch.to(weights, %d)", bfloat16 ? ScriptSource.BFLOAT16 : ScriptSource.FLOAT32);
        source.line("w = annotate(List[Tensor], [])");
        Map<String, Op.Convolution> convolutions = new HashMap<>();
        Set<String> single = new HashSet<>();
        for (NetworkGraph.Node node : network.nodes()) {
            if (node.op() instanceof Op.Convolution c) {
                convolutions.put(node.name() + ".weight", c);
            } else if (node.op() instanceof Op.BatchNorm || node.op() instanceof Op.LayerNorm) {
                NetworkGraph.weightsOf(node).forEach(weight -> single.add(weight.name()));
            } else {
                NetworkGraph.weightsOf(node).stream()
                        .filter(weight -> weight.kind() == Weight.Kind.PARAMETER)
                        .forEach(weight -> single.add(weight.name()));
            }
        }
        for (FlatLayout.Slot slot : layout.slots()) {
            boolean whole = single.contains(slot.weight().name());
            String view = StepCode.view(slot, whole ? "weights" : "rounded");
            Op.Convolution c = convolutions.get(slot.weight().name());
            source.line("w = torch.append(w, %s)", fused && c != null ? reordered(c, view) : view);
        }
        source.line("self.leaves = w");
        source.line("return weights");
    }

    private static String reordered(Op.Convolution c, String view) {
        int padding = Math.max(c.padding(), 0);
        return String.format(
                Locale.ROOT,
                "ops.mkldnn._reorder_convolution_weight(%s, %s, %s, [1, 1], %d, None)",
                view,
                ScriptSource.pair(padding),
                ScriptSource.pair(c.stride()),
                c.groups());
    }

    private void features(Pixels pixels) {
        source.method("features(self, images: Tensor) -> Tensor");
        source.line("w = self.leaves");
        String input = PixelCode.append(source, pixels, bfloat16);
        String[] value = new String[network.nodes().size() + 1];
        value[0] = input;
        for (int i = 0; i < network.nodes().size(); i++) {
            i = append(i, value);
            tap(i + 1, value[i + 1]);
        }
        if (taps.isEmpty()) {
            source.line("return torch.to(%s, %d)", value[network.nodes().size()], ScriptSource.FLOAT32);
        } else {
            String all = taps.stream().map(tap -> "t" + tap).collect(Collectors.joining(", "));
            source.line("return torch.cat([%s], 1)", all);
        }
    }

    /** At once: later layers may overwrite the value. */
    private void tap(int value, String variable) {
        if (taps.contains(value)) {
            String feature = isFlat(value)
                    ? "torch.to(" + variable + ", " + ScriptSource.FLOAT32 + ")"
                    : LayerCode.mean(variable);
            source.line("t%d = %s", value, feature);
        }
    }

    /** Whether a value has lost its height and width. */
    private boolean isFlat(int value) {
        for (int at = value; at > 0; at = network.nodes().get(at - 1).input()) {
            Op op = network.nodes().get(at - 1).op();
            if (op instanceof Op.GlobalAveragePool || op instanceof Op.Linear) {
                return true;
            }
        }
        return false;
    }

    /** Appends node i and those fused with it; returns the last of them. */
    private int append(int i, String[] value) {
        List<NetworkGraph.Node> nodes = network.nodes();
        NetworkGraph.Node node = nodes.get(i);
        if (fused && node.op() instanceof Op.Convolution c) {
            return appendConvolution(i, c, value);
        }
        value[i + 1] = "y" + (i + 1);
        source.line("%s = %s", value[i + 1], plain(node, value));
        return i;
    }

    private int appendConvolution(int i, Op.Convolution c, String[] value) {
        int last = i;
        String sum = null;
        NetworkGraph.Node next = following(last);
        if (next != null && next.op() instanceof Op.Add) {
            sum = value[next.input() == last + 1 ? next.second() : next.input()];
            last++;
            next = following(last);
        }
        String activation = "";
        if (next != null && activation(next.op()) != null && (sum == null || next.op() instanceof Op.Relu)) {
            activation = activation(next.op());
            last++;
        }
        NetworkGraph.Node node = network.nodes().get(i);
        value[last + 1] = "y" + (last + 1);
        source.line("%s = %s", value[last + 1], fusedConvolution(c, node, value[node.input()], sum, activation));
        return last;
    }

    /** The node behind i if it is the only one that reads i's output. */
    private NetworkGraph.Node following(int i) {
        if (i + 1 == network.nodes().size() || uses[i + 1] != 1) {
            return null;
        }
        NetworkGraph.Node next = network.nodes().get(i + 1);
        return next.input() == i + 1 || next.second() == i + 1 ? next : null;
    }

    private static String activation(Op op) {
        return op instanceof Op.Relu ? "relu" : op instanceof Op.Relu6 ? "hardtanh" : null;
    }

    private String fusedConvolution(Op.Convolution c, NetworkGraph.Node node, String x, String sum, String activation) {
        String input = LayerCode.padded(x, c.kernel(), c.stride(), c.padding());
        String shape = ScriptSource.pair(c.padding() == Op.SAME ? 0 : c.padding())
                + ", "
                + ScriptSource.pair(c.stride())
                + ", [1, 1], "
                + c.groups();
        String weight = trained(node.name() + ".weight") + ", " + trained(node.name() + ".bias");
        String none = "annotate(List[Optional[number]], [])";
        if (sum != null) {
            String relu = activation.isEmpty() ? "None" : "\"relu\"";
            // Into the other summand, which nothing reads any more.
            return String.format(
                    "ops.mkldnn._convolution_pointwise_(%s, %s, %s, %s, \"add\", None, %s, %s, None)",
                    sum, input, weight, shape, relu, none);
        }
        String bounds = activation.equals("hardtanh") ? "annotate(List[Optional[number]], [0., 6.])" : none;
        return String.format(
                "ops.mkldnn._convolution_pointwise(%s, %s, %s, \"%s\", %s, None)",
                input, weight, shape, activation.isEmpty() ? "none" : activation, bounds);
    }

    private String plain(NetworkGraph.Node node, String[] value) {
        String x = value[node.input()];
        if (node.op() instanceof Op.Add) {
            return "torch.add_(" + x + ", " + value[node.second()] + ")";
        } else if (node.op() instanceof Op.Multiply) {
            return "torch.mul_(" + x + ", " + value[node.second()] + ")";
        } else if (node.op() instanceof Op.BatchNorm norm) {
            return norm(norm, node.name(), x);
        }
        return layers.expression(node.op(), node.name(), x);
    }

    /** A head's, in float32 as while training. */
    private String norm(Op.BatchNorm norm, String name, String x) {
        return String.format(
                Locale.ROOT,
                "torch.batch_norm(torch.to(%s, %d), %s, %s, %s, %s, False, 0., %.10f, True)",
                x,
                ScriptSource.FLOAT32,
                trained(name + ".weight"),
                trained(name + ".bias"),
                trained(name + ".running_mean"),
                trained(name + ".running_var"),
                norm.epsilon());
    }

    private String trained(String name) {
        return "w[" + order.indexOf(name) + "]";
    }
}
