package org.simreg.worker.export;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.simreg.worker.export.onnx.AttributeProto;
import org.simreg.worker.export.onnx.GraphProto;
import org.simreg.worker.export.onnx.NodeProto;
import org.simreg.worker.export.onnx.TensorProto;
import org.simreg.worker.export.onnx.TensorShapeProto;
import org.simreg.worker.export.onnx.TypeProto;
import org.simreg.worker.export.onnx.ValueInfoProto;
import org.simreg.worker.network.ComputeCost;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.checkpoint.FoldedNetwork;
import org.simreg.worker.weights.tensor.HostTensor;

/** A folded network as a graph of ONNX operators; values are named after the layers. */
final class OnnxGraph {
    private static final int FLOAT = 1;
    private static final int INT64 = 7;

    private final FoldedNetwork folded;
    private final OnnxTarget target;
    private final List<NetworkGraph.Node> nodes;
    private final GraphProto.Builder graph = GraphProto.newBuilder();

    /** Sides of the values where they are fixed, otherwise empty. */
    private final long[] sides;

    OnnxGraph(FoldedNetwork folded, OnnxTarget target) {
        this.folded = folded;
        this.target = target;
        this.nodes = folded.network().nodes();
        sides = target.batch().isPresent() && isImage(nodes.get(0).op())
                ? ComputeCost.sides(folded.network(), target.size())
                : new long[0];
    }

    /** How many images there are, where that is fixed. */
    OptionalInt batch() {
        return target.batch();
    }

    /** The whole network, from images (N, 3, H, W) or features (N, in) to its output (N, out). */
    GraphProto graph() {
        NetworkGraph network = folded.network();
        boolean images = isImage(nodes.get(0).op());
        Object rows = target.batch().isPresent() ? target.batch().getAsInt() : "N";
        TypeProto type = images ? type(rows, network.inputs(), "H", "W") : type(rows, network.inputs());
        if (nodes.get(0).op() instanceof Op.PatchTokens tokens) {
            int fixed = OnnxTokens.size(tokens, target.size());
            type = type(rows, network.inputs(), fixed, fixed);
        } else if (sides.length > 0) {
            type = type(rows, network.inputs(), target.size(), target.size());
        }
        graph.setName(network.name());
        graph.addInput(ValueInfoProto.newBuilder().setName(value(0)).setType(type));
        graph.addOutput(
                ValueInfoProto.newBuilder().setName(value(nodes.size())).setType(type(rows, network.outputs())));
        for (int i = 0; i < nodes.size(); i++) {
            layer(nodes.get(i), value(i + 1));
        }
        Set<String> used = graph.getNodeList().stream()
                .flatMap(node -> node.getInputList().stream())
                .collect(Collectors.toSet());
        List<TensorProto> constants = graph.getInitializerList().stream()
                .filter(tensor -> used.contains(tensor.getName()))
                .toList();
        return graph.clearInitializer().addAllInitializer(constants).build();
    }

    /** The first layer of a transformer. */
    Op.PatchTokens tokens() {
        return (Op.PatchTokens) nodes.get(0).op();
    }

    private static boolean isImage(Op first) {
        return first instanceof Op.Convolution || first instanceof Op.PatchTokens;
    }

    /** The number that a {@link NetworkGraph.Node} knows a value by, as a name. */
    private String value(int number) {
        if (number == 0) {
            return isImage(nodes.get(0).op()) ? "images" : "input";
        }
        return number == nodes.size() ? "features" : nodes.get(number - 1).name();
    }

    private void layer(NetworkGraph.Node node, String output) {
        String input = value(node.input());
        Op op = node.op();
        for (Weight weight : NetworkGraph.weightsOf(node)) {
            constant(weight.name(), folded.weights().get(weight.name()).floats(), shape(op, weight));
        }
        if (op instanceof Op.Convolution convolution) {
            convolution(node, convolution, output);
        } else if (op instanceof Op.BatchNorm norm) {
            List<String> inputs = new ArrayList<>(List.of(input));
            NetworkGraph.weightsOf(node).forEach(weight -> inputs.add(weight.name()));
            add("BatchNormalization", output, inputs).addAttribute(real("epsilon", (float) norm.epsilon()));
        } else if (op instanceof Op.Relu) {
            add("Relu", output, List.of(input));
        } else if (op instanceof Op.Relu6) {
            constant("zero", new float[] {0}, new long[0]);
            constant("six", new float[] {6}, new long[0]);
            add("Clip", output, List.of(input, "zero", "six"));
        } else if (op instanceof Op.MaxPool pool) {
            NodeProto.Builder layer = add("MaxPool", output, List.of(input));
            window(layer, node, pool.kernel(), pool.stride(), pool.padding());
        } else if (op instanceof Op.GlobalAveragePool) {
            String pooled = node.name() + ".mean";
            add("GlobalAveragePool", pooled, List.of(input));
            add("Flatten", output, List.of(pooled)).addAttribute(integer("axis", 1));
        } else if (op instanceof Op.Linear) {
            linear(node, isFlat(node.input()), output);
        } else if (op instanceof Op.Add) {
            add("Add", output, List.of(input, value(node.second())));
        } else if (op instanceof Op.Multiply) {
            add("Mul", output, List.of(input, value(node.second())));
        } else {
            pixelwise(node, input, output);
        }
    }

    /** Factors of channels stand before height and width. */
    private static long[] shape(Op op, Weight weight) {
        return op instanceof Op.ChannelScale scale ? new long[] {scale.width(), 1, 1} : weight.shape();
    }

    private void pixelwise(NetworkGraph.Node node, String input, String output) {
        Op op = node.op();
        if (op instanceof Op.Silu) {
            add("Sigmoid", output + ".factor", List.of(input));
            add("Mul", output, List.of(input, output + ".factor"));
        } else if (op instanceof Op.Sigmoid) {
            add("Sigmoid", output, List.of(input));
        } else if (op instanceof Op.HardSigmoid) {
            add("HardSigmoid", output, List.of(input)).addAttribute(real("alpha", 1f / 6));
        } else if (op instanceof Op.HardSwish) {
            add("HardSwish", output, List.of(input));
        } else if (op instanceof Op.Gelu gelu) {
            gelu(gelu.form(), input, output);
        } else if (op instanceof Op.SpatialMean) {
            add("GlobalAveragePool", output, List.of(input));
        } else if (op instanceof Op.ChannelsLast) {
            add("Transpose", output, List.of(input)).addAttribute(integers("perm", 0, 2, 3, 1));
        } else if (op instanceof Op.ChannelsFirst) {
            add("Transpose", output, List.of(input)).addAttribute(integers("perm", 0, 3, 1, 2));
        } else if (op instanceof Op.LayerNorm norm) {
            String name = node.name();
            add("LayerNormalization", output, List.of(input, name + ".weight", name + ".bias"))
                    .addAttribute(real("epsilon", (float) norm.epsilon()));
        } else if (op instanceof Op.ChannelScale) {
            add("Mul", output, List.of(input, node.name() + ".gamma"));
        } else {
            new OnnxTokens(this, folded.weights(), OnnxTokens.size(tokens(), target.size())).layer(node, input, output);
        }
    }

    /**
     * x (1 + f(x)) / 2, where f is erf(x / sqrt(2)) or tanh(sqrt(2 / pi) (x + 0.044715 x^3)); or x sigmoid(1.702 x).
     */
    private void gelu(Op.Gelu.Form form, String input, String output) {
        if (form == Op.Gelu.Form.QUICK) {
            constant("quick", new float[] {1.702f}, new long[0]);
            add("Mul", output + ".scaled", List.of(input, "quick"));
            add("Sigmoid", output + ".factor", List.of(output + ".scaled"));
            add("Mul", output, List.of(input, output + ".factor"));
            return;
        }
        constant("half", new float[] {0.5f}, new long[0]);
        constant("one", new float[] {1}, new long[0]);
        if (form == Op.Gelu.Form.EXACT) {
            constant("sqrt_half", new float[] {(float) Math.sqrt(0.5)}, new long[0]);
            add("Mul", output + ".scaled", List.of(input, "sqrt_half"));
            add("Erf", output + ".curve", List.of(output + ".scaled"));
        } else {
            constant("cubic", new float[] {0.044715f}, new long[0]);
            constant("sqrt_two_over_pi", new float[] {(float) Math.sqrt(2 / Math.PI)}, new long[0]);
            add("Mul", output + ".square", List.of(input, input));
            add("Mul", output + ".cube", List.of(output + ".square", input));
            add("Mul", output + ".share", List.of(output + ".cube", "cubic"));
            add("Add", output + ".sum", List.of(input, output + ".share"));
            add("Mul", output + ".scaled", List.of(output + ".sum", "sqrt_two_over_pi"));
            add("Tanh", output + ".curve", List.of(output + ".scaled"));
        }
        add("Add", output + ".above", List.of(output + ".curve", "one"));
        add("Mul", output + ".twice", List.of(input, output + ".above"));
        add("Mul", output, List.of(output + ".twice", "half"));
    }

    private void linear(NetworkGraph.Node node, boolean flat, String output) {
        String input = value(node.input());
        String name = node.name();
        if (flat) {
            add("Gemm", output, List.of(input, name + ".weight", name + ".bias"))
                    .addAttribute(integer("transB", 1));
            return;
        }
        matrix(name, input, output);
    }

    /** A linear layer of whatever stands in the last dimension. */
    void matrix(String name, String input, String output) {
        transposed(name);
        add("MatMul", output + ".product", List.of(input, name + ".transposed"));
        add("Add", output, List.of(output + ".product", name + ".bias"));
    }

    /** The weight (out, in) of a linear layer as (in, out). */
    private void transposed(String name) {
        float[] weight = folded.weights().get(name + ".weight").floats();
        int out = folded.weights().get(name + ".bias").floats().length;
        int in = weight.length / out;
        float[] turned = new float[weight.length];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in; i++) {
                turned[i * out + o] = weight[o * in + i];
            }
        }
        constant(name + ".transposed", turned, new long[] {in, out});
    }

    /** Whether a value is (N, C). */
    private boolean isFlat(int value) {
        for (int at = value; at > 0; at = nodes.get(at - 1).input()) {
            Op op = nodes.get(at - 1).op();
            if (op instanceof Op.ChannelsLast || op instanceof Op.PatchTokens) {
                return false;
            } else if (op instanceof Op.GlobalAveragePool
                    || op instanceof Op.TokenPool
                    || op instanceof Op.AttentionPool) {
                return true;
            }
        }
        return true;
    }

    private void convolution(NetworkGraph.Node node, Op.Convolution convolution, String output) {
        String name = node.name();
        NodeProto.Builder layer = add("Conv", output, List.of(value(node.input()), name + ".weight", name + ".bias"));
        layer.addAttribute(integer("group", convolution.groups()));
        window(layer, node, convolution.kernel(), convolution.stride(), convolution.padding());
    }

    private void window(NodeProto.Builder layer, NetworkGraph.Node node, int kernel, int stride, int padding) {
        layer.addAttribute(integers("kernel_shape", kernel, kernel));
        layer.addAttribute(integers("strides", stride, stride));
        if (padding != Op.SAME) {
            layer.addAttribute(integers("pads", padding, padding, padding, padding));
        } else if (sides.length > 0) {
            long side = sides[node.input()];
            long missing = Math.max(0, ((side + stride - 1) / stride - 1) * stride + kernel - side);
            long before = missing / 2;
            layer.addAttribute(integers("pads", before, before, missing - before, missing - before));
        } else {
            layer.addAttribute(AttributeProto.newBuilder()
                    .setName("auto_pad")
                    .setType(AttributeProto.Type.STRING)
                    .setS(ByteString.copyFromUtf8("SAME_UPPER")));
        }
    }

    NodeProto.Builder add(String operator, String output, List<String> inputs) {
        return graph.addNodeBuilder()
                .setOpType(operator)
                .setName(output)
                .addAllInput(inputs)
                .addOutput(output);
    }

    void constant(String name, float[] values, long[] shape) {
        if (graph.getInitializerList().stream()
                .anyMatch(tensor -> tensor.getName().equals(name))) {
            return;
        }
        graph.addInitializer(TensorProto.newBuilder()
                .setName(name)
                .setDataType(FLOAT)
                .addAllDims(Arrays.stream(shape).boxed().toList())
                .setRawData(UnsafeByteOperations.unsafeWrap(
                        HostTensor.of(values, shape).data())));
    }

    /** Whole numbers, for operators that take them as an input. */
    void numbers(String name, long... values) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder().setName(name).setDataType(INT64).addDims(values.length);
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        graph.addInitializer(tensor.setRawData(UnsafeByteOperations.unsafeWrap(bytes)));
    }

    private static TypeProto type(Object... sizes) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Object size : sizes) {
            if (size instanceof Integer fixed) {
                shape.addDimBuilder().setDimValue(fixed);
            } else {
                shape.addDimBuilder().setDimParam(size.toString());
            }
        }
        return TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(FLOAT).setShape(shape))
                .build();
    }

    static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.Type.INT)
                .setI(value)
                .build();
    }

    static AttributeProto integers(String name, long... values) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.Type.INTS)
                .addAllInts(LongStream.of(values).boxed().toList())
                .build();
    }

    private static AttributeProto real(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.Type.FLOAT)
                .setF(value)
                .build();
    }
}
