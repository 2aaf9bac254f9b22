package org.simreg.worker.export;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.weights.checkpoint.FoldedNetwork;

/** The layers of a vision transformer with learned positions as ONNX operators, for images of its own size. */
final class OnnxTokens {
    private final OnnxGraph graph;
    private final FoldedNetwork folded;

    OnnxTokens(OnnxGraph graph, FoldedNetwork folded) {
        this.graph = graph;
        this.folded = folded;
    }

    /** What of a network can't be written, as the rest of a sentence. */
    static Optional<String> unknown(NetworkGraph network) {
        for (NetworkGraph.Node node : network.nodes()) {
            if (node.op() instanceof Op.Attention attention && attention.rotary()) {
                return Optional.of("rotary positions");
            } else if (node.op() instanceof Op.SwiGlu) {
                return Optional.of("gated MLPs");
            } else if (node.op() instanceof Op.AttentionPool) {
                return Optional.of("attention pooling");
            } else if (node.op() instanceof Op.Gelu gelu && gelu.form() != Op.Gelu.Form.EXACT) {
                return Optional.of("approximations of GELU");
            }
        }
        return Optional.empty();
    }

    void layer(NetworkGraph.Node node, String input, String output) {
        if (node.op() instanceof Op.PatchTokens tokens) {
            tokens(tokens, node.name(), input, output);
        } else if (node.op() instanceof Op.Attention attention) {
            attention(attention, node.name(), input, output);
        } else if (node.op() instanceof Op.LayerScale) {
            graph.add("Mul", output, List.of(input, node.name() + ".gamma"));
        } else if (node.op() instanceof Op.TokenPool pool && pool.pooling() == Op.Pooling.CLS) {
            graph.numbers(output + ".first", 0);
            graph.add("Gather", output + ".token", List.of(input, output + ".first"))
                    .addAttribute(OnnxGraph.integer("axis", 1));
            graph.add("Flatten", output, List.of(output + ".token")).addAttribute(OnnxGraph.integer("axis", 1));
        } else {
            throw new IllegalArgumentException(node.op() + " has no ONNX operators");
        }
    }

    private void tokens(Op.PatchTokens tokens, String name, String images, String output) {
        int width = tokens.width();
        int grid = tokens.positions().grid();
        List<String> inputs = tokens.bias()
                ? List.of(images, name + ".proj.weight", name + ".proj.bias")
                : List.of(images, name + ".proj.weight");
        graph.add("Conv", output + ".patches", inputs)
                .addAttribute(OnnxGraph.integers("kernel_shape", tokens.patch(), tokens.patch()))
                .addAttribute(OnnxGraph.integers("strides", tokens.patch(), tokens.patch()));
        graph.numbers(output + ".row", 0, width, (long) grid * grid);
        graph.add("Reshape", output + ".rows", List.of(output + ".patches", output + ".row"));
        graph.add("Transpose", output + ".flat", List.of(output + ".rows"))
                .addAttribute(OnnxGraph.integers("perm", 0, 2, 1));
        int before = tokens.prefix().length();
        graph.constant(output + ".places", places(tokens), new long[] {1, (long) grid * grid, width});
        graph.add("Add", before == 0 ? output : output + ".placed", List.of(output + ".flat", output + ".places"));
        if (before > 0 && graph.batch().isPresent()) {
            int rows = graph.batch().getAsInt();
            graph.constant(output + ".prefix", repeated(first(tokens), rows), new long[] {rows, before, width});
            graph.add("Concat", output, List.of(output + ".prefix", output + ".placed"))
                    .addAttribute(OnnxGraph.integer("axis", 1));
        } else if (before > 0) {
            graph.constant(output + ".first", first(tokens), new long[] {1, before, width});
            graph.add("Shape", output + ".count", List.of(images))
                    .addAttribute(OnnxGraph.integer("start", 0))
                    .addAttribute(OnnxGraph.integer("end", 1));
            graph.numbers(output + ".one", before, width);
            graph.add("Concat", output + ".shape", List.of(output + ".count", output + ".one"))
                    .addAttribute(OnnxGraph.integer("axis", 0));
            graph.add("Expand", output + ".prefix", List.of(output + ".first", output + ".shape"));
            graph.add("Concat", output, List.of(output + ".prefix", output + ".placed"))
                    .addAttribute(OnnxGraph.integer("axis", 1));
        }
    }

    private static float[] repeated(float[] values, int times) {
        float[] all = new float[times * values.length];
        for (int i = 0; i < times; i++) {
            System.arraycopy(values, 0, all, i * values.length, values.length);
        }
        return all;
    }

    /** The positions of patches. */
    private float[] places(Op.PatchTokens tokens) {
        float[] all = folded.weights().get("pos_embed").floats();
        int from = tokens.prefix().classToken() ? tokens.width() : 0;
        return Arrays.copyOfRange(all, from, all.length);
    }

    /** The class token with its position, and the registers. */
    private float[] first(Op.PatchTokens tokens) {
        int width = tokens.width();
        float[] first = new float[tokens.prefix().length() * width];
        int at = 0;
        if (tokens.prefix().classToken()) {
            float[] token = folded.weights().get("cls_token").floats();
            float[] position = folded.weights().get("pos_embed").floats();
            for (int i = 0; i < width; i++) {
                first[at++] = token[i] + position[i];
            }
        }
        if (tokens.prefix().registers() > 0) {
            float[] registers = folded.weights().get("register_tokens").floats();
            System.arraycopy(registers, 0, first, at, registers.length);
        }
        return first;
    }

    private void attention(Op.Attention attention, String name, String input, String output) {
        int width = attention.width() / attention.heads();
        graph.matrix(name + ".qkv", input, output + ".joint");
        graph.numbers(output + ".split", 0, -1, 3, attention.heads(), width);
        graph.add("Reshape", output + ".apart", List.of(output + ".joint", output + ".split"));
        graph.add("Transpose", output + ".heads", List.of(output + ".apart"))
                .addAttribute(OnnxGraph.integers("perm", 2, 0, 3, 1, 4));
        String[] parts = {"queries", "keys", "values"};
        for (int i = 0; i < parts.length; i++) {
            graph.numbers(output + ".number" + i, i);
            graph.add("Gather", output + ".one" + i, List.of(output + ".heads", output + ".number" + i))
                    .addAttribute(OnnxGraph.integer("axis", 0));
            graph.numbers(output + ".axis" + i, 0);
            graph.add("Squeeze", output + "." + parts[i], List.of(output + ".one" + i, output + ".axis" + i));
        }
        graph.constant(output + ".scale", new float[] {(float) (1 / Math.sqrt(width))}, new long[0]);
        graph.add("Mul", output + ".scaled", List.of(output + ".queries", output + ".scale"));
        graph.add("Transpose", output + ".turned", List.of(output + ".keys"))
                .addAttribute(OnnxGraph.integers("perm", 0, 1, 3, 2));
        graph.add("MatMul", output + ".scores", List.of(output + ".scaled", output + ".turned"));
        graph.add("Softmax", output + ".shares", List.of(output + ".scores"))
                .addAttribute(OnnxGraph.integer("axis", -1));
        graph.add("MatMul", output + ".mixed", List.of(output + ".shares", output + ".values"));
        graph.add("Transpose", output + ".back", List.of(output + ".mixed"))
                .addAttribute(OnnxGraph.integers("perm", 0, 2, 1, 3));
        graph.numbers(output + ".whole", 0, -1, attention.width());
        graph.add("Reshape", output + ".attended", List.of(output + ".back", output + ".whole"));
        graph.matrix(name + ".proj", output + ".attended", output);
    }
}
