package org.simreg.worker.engine.torchscript;

import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;

/**
 * The forward pass of a {@link NetworkGraph} as TorchScript source. Activations are overwritten in
 * place where autograd allows it: BatchNorm keeps its input, ReLU its output, and a sum needs
 * neither.
 */
public final class ForwardCode {
    /** The expressions by which a layer's weights are read in the source. */
    public interface Names {
        /** Expression for a trained tensor, such as {@code w[3]}. */
        String trained(String name);

        /**
         * Arguments of torch.batch_norm after the shift: running mean and variance, training,
         * momentum.
         */
        String normalisation(String layer);
    }

    /** A method that pads as TensorFlow's SAME does; part of every class with a forward pass. */
    public static final String PAD_SAME = """
              def pad_same(self,
                x: Tensor,
                kernel: int,
                stride: int,
                value: float) -> Tensor:
                h = torch.size(x, 2)
                w = torch.size(x, 3)
                rows = torch.floordiv(torch.sub(torch.add(h, stride), 1), stride)
                columns = torch.floordiv(torch.sub(torch.add(w, stride), 1), stride)
                ph = ops.prim.max(torch.sub(torch.add(torch.mul(torch.sub(rows, 1), stride), kernel), h), 0)
                pw = ops.prim.max(torch.sub(torch.add(torch.mul(torch.sub(columns, 1), stride), kernel), w), 0)
                top = torch.floordiv(ph, 2)
                left = torch.floordiv(pw, 2)
                return torch.constant_pad_nd(x, [left, torch.sub(pw, left), top, torch.sub(ph, top)], value)
            """.indent(0);

    private final ScriptSource source;
    private final Names names;
    private final boolean bfloat16;
    private final String prefix;

    /**
     * @param prefix first letters of the variables, different for each network in a method
     * @param bfloat16 whether linear layers get their input rounded; convolutions keep the type
     *     they get
     */
    public ForwardCode(ScriptSource source, Names names, String prefix, boolean bfloat16) {
        this.source = source;
        this.names = names;
        this.prefix = prefix;
        this.bfloat16 = bfloat16;
    }

    /**
     * Appends the layers.
     *
     * @param input variable that holds the input
     * @param place prefix of the names of the weights, {@code head.} or empty
     * @return the variable that holds the output
     */
    public String append(NetworkGraph network, String place, String input) {
        List<NetworkGraph.Node> nodes = network.nodes();
        for (int i = 0; i < nodes.size(); i++) {
            NetworkGraph.Node node = nodes.get(i);
            String x = node.input() == 0 ? input : prefix + node.input();
            String y = node.second() == 0 ? input : prefix + node.second();
            source.line("%s%d = %s", prefix, i + 1, expression(node, place + node.name(), x, y));
        }
        return prefix + nodes.size();
    }

    private String expression(NetworkGraph.Node node, String name, String x, String y) {
        Op op = node.op();
        if (op instanceof Op.Convolution c) {
            return convolution(c, x, names.trained(name + ".weight"), "None");
        } else if (op instanceof Op.BatchNorm norm) {
            return String.format(
                    Locale.ROOT,
                    "torch.batch_norm(%s, %s, %s, %s, %.10f, True)",
                    x,
                    names.trained(name + ".weight"),
                    names.trained(name + ".bias"),
                    names.normalisation(name),
                    norm.epsilon());
        } else if (op instanceof Op.Add) {
            return "torch.add_(" + x + ", " + y + ")";
        }
        return simple(op, x, bfloat16, names::trained, name);
    }

    /** The layers that training and inference compute alike. */
    static String simple(Op op, String x, boolean bfloat16, UnaryOperator<String> trained, String name) {
        if (op instanceof Op.Relu) {
            return "torch.relu_(" + x + ")";
        } else if (op instanceof Op.Relu6) {
            return "torch.hardtanh_(" + x + ", 0., 6.)";
        } else if (op instanceof Op.MaxPool pool) {
            return maxPool(pool, x);
        } else if (op instanceof Op.GlobalAveragePool) {
            return "torch.mean(" + x + ", [2, 3], False, dtype=" + ScriptSource.FLOAT32 + ")";
        } else if (op instanceof Op.Linear) {
            String rounded = bfloat16 ? "torch.to(" + x + ", " + ScriptSource.BFLOAT16 + ")" : x;
            return "torch.linear("
                    + rounded
                    + ", "
                    + trained.apply(name + ".weight")
                    + ", "
                    + trained.apply(name + ".bias")
                    + ")";
        }
        throw new IllegalArgumentException(op + " has weights of its own");
    }

    /** One convolution, deterministic, without TF32. */
    static String convolution(Op.Convolution c, String x, String weight, String bias) {
        boolean same = c.padding() == Op.SAME;
        String input = same ? "self.pad_same(" + x + ", " + c.kernel() + ", " + c.stride() + ", 0.)" : x;
        return String.format(
                Locale.ROOT,
                "torch._convolution(%s, %s, %s, %s, %s, [1, 1], False, [0, 0], %d, False, True, True, False)",
                input,
                weight,
                bias,
                ScriptSource.pair(c.stride()),
                ScriptSource.pair(same ? 0 : c.padding()),
                c.groups());
    }

    private static String maxPool(Op.MaxPool pool, String x) {
        boolean same = pool.padding() == Op.SAME;
        // What is pooled went through ReLU, so a zero never beats a real pixel.
        String input = same ? "self.pad_same(" + x + ", " + pool.kernel() + ", " + pool.stride() + ", 0.)" : x;
        return String.format(
                Locale.ROOT,
                "torch.max_pool2d(%s, %s, %s, %s, [1, 1], False)",
                input,
                ScriptSource.pair(pool.kernel()),
                ScriptSource.pair(pool.stride()),
                ScriptSource.pair(same ? 0 : pool.padding()));
    }
}
