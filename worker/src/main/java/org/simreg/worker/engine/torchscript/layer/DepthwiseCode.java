package org.simreg.worker.engine.torchscript.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.network.Op;

/**
 * TorchScript source of faster gradients for depthwise convolutions in bfloat16 on a CPU; all other layers leave theirs
 * to autograd. For these, oneDNN 3.7 fills every channel up to a group of sixteen: in the gradient of a kernel of more
 * than three columns, and in the gradient of the input of a convolution with stride 2. So the kernel's gradient is
 * computed three columns at a time, behind the backward pass, the bias's with it (autograd would ask oneDNN for both),
 * and stride 2 is every other place of stride 1. The values are the same up to rounding; measured on two cores, a layer
 * takes a half to a tenth of the time.
 */
public final class DepthwiseCode {
    /** Columns of a kernel that oneDNN's depthwise kernel takes. */
    private static final int COLUMNS = 3;

    private final ScriptSource source;
    private final List<Layer> layers = new ArrayList<>();

    /** A convolution that was written, its parameters' places in the list of weights, and the variables of its ends. */
    private record Layer(Op.Convolution op, int weight, OptionalInt bias, String input, String output) {
        /** Places of what gets its gradient behind the backward pass. */
        IntStream places() {
            return IntStream.concat(IntStream.of(weight), bias.stream());
        }
    }

    /**
     * @param source takes the lines
     */
    public DepthwiseCode(ScriptSource source) {
        this.source = source;
    }

    /** Whether a convolution is one of those. */
    public static boolean takes(Op.Convolution c) {
        boolean depthwise = c.groups() > 1 && c.groups() == c.in() && c.in() == c.out();
        return depthwise
                && c.kernel() % 2 == 1
                && c.padding() == c.kernel() / 2
                && c.stride() <= 2
                && (c.kernel() > COLUMNS || c.stride() == 2);
    }

    /**
     * Appends the convolution.
     *
     * @param weight place in the list of weights {@code w}
     * @param bias its place there, empty without one
     * @param x variable that holds the input
     * @return variable that holds the output
     */
    public String convolution(Op.Convolution c, int weight, OptionalInt bias, String x) {
        Layer layer = new Layer(c, weight, bias, x, "depthwise" + layers.size());
        layers.add(layer);
        String shift = bias.isPresent() ? "torch.detach(w[" + bias.getAsInt() + "])" : "None";
        String same =
                "torch._convolution(%s, torch.detach(w[%d]), %s, [1, 1], %s, [1, 1], False, [0, 0], %d, False, True, True, False)"
                        .formatted(x, weight, shift, ScriptSource.pair(c.padding()), c.groups());
        source.line("%s = %s", layer.output, c.stride() == 1 ? same : everyOther(same));
        return layer.output;
    }

    /** Every other row and column, channels last. */
    private static String everyOther(String x) {
        String rows = "torch.slice(" + x + ", 2, 0, 9223372036854775807, 2)";
        return "torch.contiguous(torch.slice(" + rows + ", 3, 0, 9223372036854775807, 2), memory_format=2)";
    }

    /** Puts outputs in place of these layers' parameters in {@code wanted}, the list of what autograd differentiates by. */
    public void replaceWanted() {
        for (Layer layer : layers) {
            layer.places()
                    .forEach(
                            place -> source.line("set%1$d = torch._set_item(wanted, %1$d, %2$s)", place, layer.output));
        }
    }

    /** Turns the gradients of outputs in {@code gradients} to those of kernels and biases. */
    public void gradients() {
        for (Layer layer : layers) {
            source.line(
                    "set%1$d = torch._set_item(gradients, %1$d, self.%2$s(torch.detach(%3$s), unchecked_cast(Tensor, gradients[%1$d]), torch.detach(w[%1$d])))",
                    layer.weight, method(layer.op), layer.input);
            layer.bias.ifPresent(place -> source.line(
                    "set%1$d = torch._set_item(gradients, %1$d, torch.sum(unchecked_cast(Tensor, gradients[%1$d]), [0, 2, 3], False, dtype=%2$d))",
                    place, ScriptSource.FLOAT32));
        }
    }

    /** The methods that {@link #gradients} calls. */
    public String methods() {
        Map<String, Layer> kinds = new TreeMap<>();
        layers.forEach(layer -> kinds.put(method(layer.op), layer));
        ScriptSource methods = new ScriptSource();
        kinds.forEach((name, layer) -> kernelGradient(methods, name, layer.op.kernel(), layer.op.stride()));
        return methods.toString();
    }

    private static String method(Op.Convolution c) {
        return "depthwise_gradient_" + c.kernel() + "_" + c.stride();
    }

    /**
     * Writes the gradient (C, 1, k, k) of a kernel by its input (N, C, H, W) and the gradient of its output, both channels
     * last. Columns {@code first} to {@code first + 2} are those of a kernel of three columns over the input moved to the
     * right by {@code before}, of whose places the first {@code skipped} have no gradient.
     */
    static void kernelGradient(ScriptSource source, String name, int kernel, int stride) {
        int half = kernel / 2;
        source.method(name + "(self, x: Tensor, g: Tensor, w: Tensor) -> Tensor");
        source.line("parts = annotate(List[Tensor], [])");
        for (int first = 0; first + COLUMNS <= kernel; first += COLUMNS - 1) {
            int skipped = Math.max(0, Math.floorDiv(first - half + stride, stride));
            int before = stride * skipped - 1 - first + half;
            source.line("moved = x");
            source.line("padded = g");
            if (skipped > 0 || before > 0) {
                source.line(
                        "behind = ops.prim.max(torch.sub(torch.mul(torch.size(g, 3), %d), torch.add(torch.size(x, 3), %d)), 0)",
                        stride, before - 1 - stride * (skipped - 1));
                source.line("moved = torch.constant_pad_nd(x, [%d, behind], 0.)", before);
                source.line("places = torch.add(torch.floordiv(torch.sub(torch.size(moved, 3), 1), %d), 1)", stride);
                source.line(
                        "padded = torch.constant_pad_nd(g, [%1$d, torch.sub(torch.sub(places, torch.size(g, 3)), %1$d)], 0.)",
                        skipped);
            }
            source.line(
                    "none, part, none = torch.convolution_backward(padded, moved, torch.slice(w, 3, %d, %d, 1), None, %s, [%d, 1], [1, 1], False, [0, 0], torch.size(w, 0), [False, True, False])",
                    first, first + COLUMNS, ScriptSource.pair(stride), half);
            source.line("parts = torch.append(parts, torch.slice(part, 3, %d, 3, 1))", first == 0 ? 0 : 1);
        }
        source.line("return torch.cat(parts, 3)");
    }
}
