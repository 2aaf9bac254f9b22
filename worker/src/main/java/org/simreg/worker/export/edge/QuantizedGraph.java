package org.simreg.worker.export.edge;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.worker.export.onnx.AttributeProto;
import org.simreg.worker.export.onnx.GraphProto;
import org.simreg.worker.export.onnx.ModelProto;
import org.simreg.worker.export.onnx.NodeProto;
import org.simreg.worker.export.onnx.TensorProto;
import org.simreg.worker.export.onnx.TypeProto;
import org.simreg.worker.export.onnx.ValueInfoProto;

/**
 * A graph of ONNX operators whose convolutions and matrix products read 8-bit integers, as pairs of QuantizeLinear and
 * DequantizeLinear (QDQ): weights by a scale a channel, symmetric around 0, activations by one scale; biases stay float32. Sums of branches and pooling read them too, but in networks with
 * LayerNorm, whose sums have a few large channels.
 *
 * @see <a href="https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html">QDQ in ONNX Runtime</a>
 */
final class QuantizedGraph {
    private static final int FLOAT = 1;
    private static final int INT8 = 3;
    private static final int STEPS = 127;
    private static final Set<String> PRODUCTS = Set.of("Conv", "Gemm", "MatMul");
    private static final Set<String> PASSING = Set.of("Add", "MaxPool", "GlobalAveragePool");

    private final GraphProto graph;
    private final Map<String, TensorProto> constants = new HashMap<>();
    private final boolean passes;

    QuantizedGraph(GraphProto graph) {
        this.graph = graph;
        graph.getInitializerList().forEach(tensor -> constants.put(tensor.getName(), tensor));
        passes = graph.getNodeList().stream().noneMatch(node -> node.getOpType().equals("LayerNormalization"));
    }

    /** The layers that have products with weights, by the names of their values, in order. */
    List<String> layers() {
        return graph.getNodeList().stream()
                .filter(this::isProduct)
                .map(NodeProto::getName)
                .toList();
    }

    private boolean isProduct(NodeProto node) {
        return PRODUCTS.contains(node.getOpType()) && constants.containsKey(node.getInput(1));
    }

    /** The activations that some node reads in 8 bits; the ranges of these are wanted. */
    Set<String> activations(Set<String> layers) {
        Set<String> names = new LinkedHashSet<>();
        for (NodeProto node : graph.getNodeList()) {
            if (isProduct(node)) {
                if (layers.contains(node.getName())) {
                    names.add(node.getInput(0));
                }
            } else if (passes && layers.size() > 1 && PASSING.contains(node.getOpType())) {
                node.getInputList().stream()
                        .filter(input -> !constants.containsKey(input))
                        .forEach(names::add);
            }
        }
        return names;
    }

    /** The model with more outputs: every activation that is asked for. */
    static ModelProto observed(ModelProto model, Collection<String> activations) {
        GraphProto.Builder graph = model.getGraph().toBuilder();
        String input = graph.getInput(0).getName();
        TypeProto type = TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(FLOAT))
                .build();
        for (String name : activations) {
            if (name.equals(input)) {
                // An input is no output: a copy of it is.
                graph.addNodeBuilder().setOpType("Identity").addInput(name).addOutput(name + ".observed");
            }
            graph.addOutput(ValueInfoProto.newBuilder()
                    .setName(name.equals(input) ? name + ".observed" : name)
                    .setType(type));
        }
        return model.toBuilder().setGraph(graph).build();
    }

    /**
     * The graph in 8 bits.
     *
     * @param layers those of {@link #layers} that are computed so; the others stay as they are
     * @param ranges of all {@link #activations} of these layers
     */
    GraphProto quantized(Set<String> layers, Map<String, RangeHistogram.Range> ranges) {
        Set<String> rounded = activations(layers);
        GraphProto.Builder out = graph.toBuilder().clearNode().clearInitializer();
        if (rounded.contains(graph.getInput(0).getName())) {
            round(out, graph.getInput(0).getName(), ranges);
        }
        for (NodeProto node : graph.getNodeList()) {
            List<String> inputs = new ArrayList<>(node.getInputList());
            boolean product = isProduct(node);
            boolean reads = product ? layers.contains(node.getName()) : passes && PASSING.contains(node.getOpType());
            for (int i = 0; reads && i < inputs.size(); i++) {
                if (rounded.contains(inputs.get(i))) {
                    inputs.set(i, inputs.get(i) + ".restored");
                } else if (product && i == 1) {
                    inputs.set(1, weight(out, node, constants.get(inputs.get(1))));
                }
            }
            out.addNode(node.toBuilder().clearInput().addAllInput(inputs));
            if (rounded.contains(node.getOutput(0))) {
                round(out, node.getOutput(0), ranges);
            }
        }
        Set<String> used = out.getNodeList().stream()
                .flatMap(node -> node.getInputList().stream())
                .collect(Collectors.toSet());
        graph.getInitializerList().stream()
                .filter(tensor -> used.contains(tensor.getName()))
                .forEach(out::addInitializer);
        return out.build();
    }

    private static void round(GraphProto.Builder out, String name, Map<String, RangeHistogram.Range> ranges) {
        RangeHistogram.Range range = ranges.get(name);
        out.addInitializer(floats(name + ".scale", List.of(), range.scale()));
        out.addInitializer(bytes(name + ".zero", List.of(), new byte[] {range.zero()}));
        node(out, "QuantizeLinear", name + ".int8", List.of(name, name + ".scale", name + ".zero"));
        node(out, "DequantizeLinear", name + ".restored", List.of(name + ".int8", name + ".scale", name + ".zero"));
    }

    /** Adds a weight in 8 bits, once; returns the name of what it is restored to. */
    private static String weight(GraphProto.Builder out, NodeProto node, TensorProto weight) {
        String name = weight.getName();
        String restored = name + ".restored";
        if (out.getNodeList().stream().anyMatch(there -> there.getOutput(0).equals(restored))) {
            return restored;
        }
        int axis = node.getOpType().equals("MatMul") ? 1 : 0;
        List<Long> shape = weight.getDimsList();
        int channels = Math.toIntExact(shape.get(axis));
        int inner = Math.toIntExact(shape.subList(axis + 1, shape.size()).stream()
                .mapToLong(side -> side)
                .reduce(1, (a, b) -> a * b));
        FloatBuffer values = weight.getRawData()
                .asReadOnlyByteBuffer()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        float[] scales = new float[channels];
        for (int i = 0; i < values.limit(); i++) {
            int channel = i / inner % channels;
            scales[channel] = Math.max(scales[channel], Math.abs(values.get(i)));
        }
        for (int channel = 0; channel < channels; channel++) {
            scales[channel] = scales[channel] == 0 ? 1 : scales[channel] / STEPS;
        }
        byte[] numbers = new byte[values.limit()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (byte) Math.rint(values.get(i) / scales[i / inner % channels]);
        }
        out.addInitializer(bytes(name + ".int8", shape, numbers));
        out.addInitializer(floats(name + ".scale", List.of((long) channels), scales));
        out.addInitializer(bytes(name + ".zero", List.of((long) channels), new byte[channels]));
        node(out, "DequantizeLinear", restored, List.of(name + ".int8", name + ".scale", name + ".zero"))
                .addAttribute(AttributeProto.newBuilder()
                        .setName("axis")
                        .setType(AttributeProto.Type.INT)
                        .setI(axis));
        return restored;
    }

    private static NodeProto.Builder node(GraphProto.Builder out, String operator, String output, List<String> inputs) {
        return out.addNodeBuilder()
                .setOpType(operator)
                .setName(output)
                .addAllInput(inputs)
                .addOutput(output);
    }

    private static TensorProto floats(String name, List<Long> shape, float... values) {
        ByteBuffer raw = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        return TensorProto.newBuilder()
                .setName(name)
                .setDataType(FLOAT)
                .addAllDims(shape)
                .setRawData(ByteString.copyFrom(raw))
                .build();
    }

    private static TensorProto bytes(String name, List<Long> shape, byte[] values) {
        return TensorProto.newBuilder()
                .setName(name)
                .setDataType(INT8)
                .addAllDims(shape)
                .setRawData(ByteString.copyFrom(values))
                .build();
    }
}
