package org.simreg.worker.engine.torchscript;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.simreg.proto.Pixels;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torchscript.layer.LayerCode;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;

/**
 * TorchScript source of a network that isn't trained, its BatchNorm folded into the convolutions where it can be
 * ({@code FoldedNetwork}): each weight is bound once, in the network's order, by the method that {@link #binder} names;
 * then {@code features(images)}. A weight's memory is its own and in the type it is
 * computed with, so that a network in bfloat16 takes two bytes a parameter.
 *
 * <p>On the CPU a convolution takes the ReLU or the sum and ReLU behind it along, a linear layer in bfloat16 the GELU
 * or the sum (oneDNN's post-operations), which saves a walk through memory each, and their weights are reordered once
 * for the kernel.
 */
final class FrozenCode {
    static final String CLASS = "Frozen";

    /** Rows that linear layers are laid out for: tokens of a small batch. */
    private static final int TOKENS = 4096;

    private final NetworkGraph network;
    private final boolean bfloat16;
    private final boolean fused;
    private final boolean packed;
    private final List<Integer> taps;
    private final ScriptSource source = new ScriptSource();
    private final List<Weight> weights;
    private final List<String> order;
    /** Names of the methods that bind, by their bodies. */
    private final Map<String, String> binders = new LinkedHashMap<>();

    private final Map<String, Op> readers = new HashMap<>();
    private final int[] uses;
    private final LayerCode layers;

    private FrozenCode(NetworkGraph network, FrozenModule.Kind kind, boolean packs, List<Integer> taps) {
        this.network = network;
        bfloat16 = kind.bfloat16();
        fused = kind.fused();
        packed = fused && bfloat16 && packs;
        this.taps = taps;
        layers = new LayerCode(source, this::trained, bfloat16);
        weights = network.weights();
        order = weights.stream().map(Weight::name).toList();
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
     * The code of a network.
     *
     * @param network without BatchNorm behind its convolutions, which have a bias instead
     * @param packs whether oneDNN has linear layers in bfloat16 with what follows them
     * @param taps numbers of the values whose features are given, one beside the other, images by
     *     their mean over H and W; none: the network's output
     */
    static FrozenCode of(NetworkGraph network, FrozenModule.Kind kind, boolean packs, List<Integer> taps) {
        FrozenCode code = new FrozenCode(network, kind, packs, taps);
        code.bind();
        code.features(kind.pixels());
        return code;
    }

    /** The methods of the class {@link #CLASS}. */
    String methods() {
        return LayerCode.methods(List.of(network), packed) + source;
    }

    /** The method that takes a weight's values, float32 as they lie in a flat vector. */
    String binder(Weight weight) {
        return binders.get(body(weight));
    }

    private void bind() {
        for (NetworkGraph.Node node : network.nodes()) {
            NetworkGraph.weightsOf(node).forEach(weight -> readers.put(weight.name(), node.op()));
        }
        for (Weight weight : weights) {
            String body = body(weight);
            if (binders.putIfAbsent(body, "bind" + binders.size()) == null) {
                source.method(binders.get(body) + "(self, values: Tensor) -> Tensor");
                source.line("w = torch.append(self.parameters, %s)", body);
                source.line("return values");
            }
        }
    }

    private String body(Weight weight) {
        Op op = readers.get(weight.name());
        boolean whole =
                op instanceof Op.BatchNorm || op instanceof Op.LayerNorm || weight.kind() == Weight.Kind.PARAMETER;
        String own = bfloat16 && !whole ? "torch.to(values, " + ScriptSource.BFLOAT16 + ")" : "torch.clone(values)";
        String view = StepCode.view(new FlatLayout.Slot(weight, 0), own);
        if (!weight.name().endsWith(".weight")) {
            return view;
        } else if (fused && op instanceof Op.Convolution convolution) {
            return reordered(convolution, view);
        }
        return packed && op instanceof Op.Linear ? PackedLinear.weight(view, TOKENS) : view;
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
        source.line("w = self.parameters");
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
            source.line("t%d = %s", value, feature(value, variable));
        }
    }

    /** A value that has lost its height and width, or the mean over them, or over the patches' tokens. */
    private String feature(int value, String variable) {
        for (int at = value; at > 0; at = network.nodes().get(at - 1).input()) {
            Op op = network.nodes().get(at - 1).op();
            if (op instanceof Op.PatchTokens tokens) {
                return LayerCode.mean(variable, tokens.prefix());
            } else if (op instanceof Op.GlobalAveragePool
                    || op instanceof Op.TokenPool
                    || op instanceof Op.AttentionPool
                    || op instanceof Op.Linear && !network.isTransformer()) {
                return "torch.to(" + variable + ", " + ScriptSource.FLOAT32 + ")";
            }
        }
        return LayerCode.mean(variable);
    }

    /** Appends node i and those fused with it; returns the last of them. */
    private int append(int i, String[] value) {
        List<NetworkGraph.Node> nodes = network.nodes();
        NetworkGraph.Node node = nodes.get(i);
        if (fused && node.op() instanceof Op.Convolution c) {
            return appendConvolution(i, c, value);
        } else if (packed && node.op() instanceof Op.Linear) {
            return appendLinear(i, value);
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

    /** Appends a linear layer with the GELU or the sum behind it; returns the last of them. */
    private int appendLinear(int i, String[] value) {
        NetworkGraph.Node node = network.nodes().get(i);
        NetworkGraph.Node next = following(i);
        String x = "torch.to(" + value[node.input()] + ", " + ScriptSource.BFLOAT16 + ")";
        String weight = trained(node.name() + ".weight");
        String bias = trained(node.name() + ".bias");
        String expression;
        int last = i;
        if (next != null && next.op() instanceof Op.Gelu gelu && gelu.form() != Op.Gelu.Form.QUICK) {
            last++;
            expression = PackedLinear.gelu(x, weight, bias, gelu.form() == Op.Gelu.Form.TANH);
        } else if (next != null && next.op() instanceof Op.Add) {
            last++;
            String other = value[next.input() == last ? next.second() : next.input()];
            expression = PackedLinear.sum(x, "torch.to(" + other + ", " + ScriptSource.BFLOAT16 + ")", weight, bias);
        } else {
            expression = PackedLinear.product(x, weight, bias);
        }
        value[last + 1] = "y" + (last + 1);
        source.line("%s = %s", value[last + 1], expression);
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
