package org.simreg.worker.engine.torchscript.layer;

import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;

/**
 * The writer of layers as TorchScript expressions that training and inference have in common: all but BatchNorm, sums
 * and drop path, which they compute differently.
 */
public final class LayerCode {
    /** A method that pads as TensorFlow's SAME does. */
    private static final String PAD_SAME = """
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

    /** LayerNorm with weights in float32; of bfloat16 only a CPU computes it at once, summing in float32. */
    private static final String LAYER_NORM = """
              def layer_norm(self,
                x: Tensor,
                width: List[int],
                weight: Tensor,
                bias: Tensor,
                epsilon: float) -> Tensor:
                if ops.prim.is_cuda(x):
                  whole = torch.layer_norm(torch.to(x, 6), width, weight, bias, epsilon, True)
                  normal = torch.to(whole, ops.prim.dtype(x))
                else:
                  normal = torch.layer_norm(x, width, weight, bias, epsilon, True)
                return normal
            """.indent(0);

    /**
     * The most tokens that attention is computed for by two products: their scores take 2 bytes a pair of tokens, head
     * and image, and are kept for the backward pass.
     */
    private static final int MOST_TOKENS = 410;

    /** Attention of one block of scores after the other; on a CPU the operator multiplies bfloat16 slowly. */
    private static final String ATTEND_BY_OPERATOR = """
              def attend(self,
                query: Tensor,
                key: Tensor,
                value: Tensor) -> Tensor:
                return torch.scaled_dot_product_attention(query, key, value, None, 0., False)
            """.indent(0);

    private static final String ATTEND_BY_PRODUCTS = """
              def attend(self,
                query: Tensor,
                key: Tensor,
                value: Tensor) -> Tensor:
                if torch.eq(ops.prim.dtype(query), 15) and torch.le(torch.size(key, 2), %d):
                  scaled = torch.mul(query, torch.pow(torch.size(query, 3), -0.5))
                  scores = torch.matmul(scaled, torch.transpose(key, 2, 3))
                  mixed = torch.matmul(torch.softmax(scores, 3, None), value)
                else:
                  mixed = torch.scaled_dot_product_attention(query, key, value, None, 0., False)
                return mixed
            """.indent(0).formatted(MOST_TOKENS);

    private final ScriptSource source;
    private final UnaryOperator<String> trained;
    private final boolean bfloat16;

    /**
     * @param source takes lines that an expression needs before it
     * @param trained expression for a trained tensor by its name, such as {@code w[3]}
     * @param bfloat16 whether linear layers get their input rounded; convolutions keep the type they get
     */
    public LayerCode(ScriptSource source, UnaryOperator<String> trained, boolean bfloat16) {
        this.source = source;
        this.trained = trained;
        this.bfloat16 = bfloat16;
    }

    /**
     * The methods that the layers of some networks call; part of every class with a forward pass.
     *
     * @param products whether oneDNN multiplies matrices in bfloat16
     */
    public static String methods(List<NetworkGraph> networks, boolean products) {
        StringBuilder methods = new StringBuilder(PAD_SAME).append(LAYER_NORM);
        if (networks.stream().anyMatch(NetworkGraph::isTransformer)) {
            methods.append(products ? ATTEND_BY_PRODUCTS : ATTEND_BY_OPERATOR);
        }
        networks.stream().map(PositionCode::methods).distinct().forEach(methods::append);
        return methods.toString();
    }

    /**
     * The expression of one layer.
     *
     * @param name of the layer, before the names of its weights
     * @param x variable that holds its input
     */
    public String expression(Op op, String name, String x) {
        if (op instanceof Op.Convolution c) {
            String bias = c.bias() ? trained.apply(name + ".bias") : "None";
            return convolution(c, x, trained.apply(name + ".weight"), bias);
        } else if (op instanceof Op.Relu) {
            return "torch.relu_(" + x + ")";
        } else if (op instanceof Op.Relu6) {
            return "torch.hardtanh_(" + x + ", 0., 6.)";
        } else if (op instanceof Op.Gelu gelu) {
            return gelu(gelu.form(), x);
        } else if (op instanceof Op.SwiGlu) {
            source.line("halves = torch.chunk(%s, 2, -1)", x);
            return "torch.mul(torch.silu(halves[0]), halves[1])";
        } else if (op instanceof Op.Silu) {
            return "torch.silu(" + x + ")";
        } else if (op instanceof Op.Sigmoid) {
            return "torch.sigmoid_(" + x + ")";
        } else if (op instanceof Op.HardSigmoid) {
            return "torch.hardsigmoid(" + x + ")";
        } else if (op instanceof Op.HardSwish) {
            return "torch.hardswish(" + x + ")";
        } else if (op instanceof Op.SpatialMean) {
            // The gradient of a sum is a view, that of a mean a whole tensor.
            return "torch.div(torch.sum(" + x + ", [2, 3], True), torch.mul(torch.size(" + x + ", 2), torch.size(" + x
                    + ", 3)))";
        } else if (op instanceof Op.ChannelsLast) {
            return "torch.permute(" + x + ", [0, 2, 3, 1])";
        } else if (op instanceof Op.ChannelsFirst) {
            return "torch.permute(" + x + ", [0, 3, 1, 2])";
        } else if (op instanceof Op.MaxPool pool) {
            return maxPool(pool, x);
        } else if (op instanceof Op.GlobalAveragePool) {
            return mean(x);
        } else if (op instanceof Op.Linear) {
            return linear(name, x);
        } else if (op instanceof Op.LayerNorm norm) {
            return layerNorm(norm, name, x);
        } else if (op instanceof Op.LayerScale) {
            return "torch.mul(" + x + ", " + trained.apply(name + ".gamma") + ")";
        } else if (op instanceof Op.ChannelScale) {
            return String.format(
                    "torch.mul(%1$s, torch.to(torch.view(%2$s, [1, -1, 1, 1]), ops.prim.dtype(%1$s)))",
                    x, trained.apply(name + ".gamma"));
        }
        return new TokenCode(source, trained, this).expression(op, name, x);
    }

    /** The operator of libtorch has no approximation at the version of our archives, so that is spelled out. */
    private String gelu(Op.Gelu.Form form, String x) {
        return switch (form) {
            case EXACT -> "torch.gelu(" + x + ")";
            case TANH -> {
                source.line("whole = torch.to(%s, %d)", x, ScriptSource.FLOAT32);
                source.line(
                        "inner = torch.mul(torch.add(torch.mul(torch.pow(whole, 3), 0.044715), whole), %.17f)",
                        Math.sqrt(2 / Math.PI));
                yield "torch.mul(torch.mul(whole, 0.5), torch.add(torch.tanh(inner), 1.))";
            }
            case QUICK -> "torch.mul(" + x + ", torch.sigmoid(torch.mul(" + x + ", 1.702)))";
        };
    }

    /** The mean over H and W in float32. */
    public static String mean(String x) {
        return "torch.mean(" + x + ", [2, 3], False, dtype=" + ScriptSource.FLOAT32 + ")";
    }

    /** The mean over the tokens of patches in float32. */
    public static String mean(String x, Op.Prefix prefix) {
        String patches = "torch.slice(" + x + ", 1, " + prefix.length() + ", 9223372036854775807, 1)";
        return "torch.mean(" + patches + ", [1], False, dtype=" + ScriptSource.FLOAT32 + ")";
    }

    String linear(String name, String x) {
        String rounded = bfloat16 ? "torch.to(" + x + ", " + ScriptSource.BFLOAT16 + ")" : x;
        return "torch.linear("
                + rounded
                + ", "
                + trained.apply(name + ".weight")
                + ", "
                + trained.apply(name + ".bias")
                + ")";
    }

    private String layerNorm(Op.LayerNorm norm, String name, String x) {
        return String.format(
                Locale.ROOT,
                "self.layer_norm(%s, [%d], %s, %s, %.10f)",
                x,
                norm.width(),
                trained.apply(name + ".weight"),
                trained.apply(name + ".bias"),
                norm.epsilon());
    }

    /** One convolution, deterministic, without TF32. */
    static String convolution(Op.Convolution c, String x, String weight, String bias) {
        boolean same = c.padding() == Op.SAME;
        return String.format(
                Locale.ROOT,
                "torch._convolution(%s, %s, %s, %s, %s, [1, 1], False, [0, 0], %d, False, True, True, False)",
                padded(x, c.kernel(), c.stride(), c.padding()),
                weight,
                bias,
                ScriptSource.pair(c.stride()),
                ScriptSource.pair(same ? 0 : c.padding()),
                c.groups());
    }

    /** A value, with zeros around it where a layer's padding is as much as needed. */
    public static String padded(String x, int kernel, int stride, int padding) {
        return padding == Op.SAME ? "self.pad_same(" + x + ", " + kernel + ", " + stride + ", 0.)" : x;
    }

    private static String maxPool(Op.MaxPool pool, String x) {
        // What is pooled went through ReLU, so a zero never beats a real pixel.
        return String.format(
                Locale.ROOT,
                "torch.max_pool2d(%s, %s, %s, %s, [1, 1], False)",
                padded(x, pool.kernel(), pool.stride(), pool.padding()),
                ScriptSource.pair(pool.kernel()),
                ScriptSource.pair(pool.stride()),
                ScriptSource.pair(pool.padding() == Op.SAME ? 0 : pool.padding()));
    }
}
