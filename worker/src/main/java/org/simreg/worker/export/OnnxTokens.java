package org.simreg.worker.export;

import java.util.Arrays;
import java.util.List;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.weights.tensor.StateDict;

/** The layers of a vision transformer as ONNX operators, for images of one size. */
final class OnnxTokens {
    private static final String SINES = "rotary.sines";
    private static final String COSINES = "rotary.cosines";

    private final OnnxGraph graph;
    private final StateDict weights;
    private final int size;

    /**
     * @param weights of the network
     * @param size height and width of the images, in pixels
     */
    OnnxTokens(OnnxGraph graph, StateDict weights, int size) {
        this.graph = graph;
        this.weights = weights;
        this.size = size;
    }

    /** Height and width of the images that a transformer's file takes: those of its learned positions, or any. */
    static int size(Op.PatchTokens tokens, int asked) {
        return tokens.positions().learned()
                ? tokens.patch() * tokens.positions().grid()
                : asked;
    }

    void layer(NetworkGraph.Node node, String input, String output) {
        if (node.op() instanceof Op.PatchTokens tokens) {
            tokens(tokens, node.name(), input, output);
        } else if (node.op() instanceof Op.Attention attention) {
            attention(attention, node.name(), input, output);
        } else if (node.op() instanceof Op.AttentionPool pool) {
            attended(pool, node.name(), input, output);
        } else if (node.op() instanceof Op.LayerScale) {
            graph.add("Mul", output, List.of(input, node.name() + ".gamma"));
        } else if (node.op() instanceof Op.SwiGlu) {
            halves(input, output + ".gate", output + ".value", -1);
            graph.add("Sigmoid", output + ".factor", List.of(output + ".gate"));
            graph.add("Mul", output + ".open", List.of(output + ".gate", output + ".factor"));
            graph.add("Mul", output, List.of(output + ".open", output + ".value"));
        } else if (node.op() instanceof Op.TokenPool pool) {
            pool(pool, input, output);
        } else {
            throw new IllegalArgumentException(node.op() + " has no ONNX operators");
        }
    }

    private void pool(Op.TokenPool pool, String input, String output) {
        boolean both = pool.pooling() == Op.Pooling.CLS_MEAN;
        String first = both ? output + ".cls" : output;
        String mean = both ? output + ".mean" : output;
        if (pool.pooling() != Op.Pooling.MEAN) {
            graph.numbers(first + ".first", 0);
            graph.add("Gather", first + ".token", List.of(input, first + ".first"))
                    .addAttribute(OnnxGraph.integer("axis", 1));
            graph.add("Flatten", first, List.of(first + ".token")).addAttribute(OnnxGraph.integer("axis", 1));
        }
        if (pool.pooling() != Op.Pooling.CLS) {
            from(input, pool.prefix().length(), mean + ".patches", 1);
            graph.add("ReduceMean", mean, List.of(mean + ".patches"))
                    .addAttribute(OnnxGraph.integers("axes", 1))
                    .addAttribute(OnnxGraph.integer("keepdims", 0));
        }
        if (both) {
            graph.add("Concat", output, List.of(first, mean)).addAttribute(OnnxGraph.integer("axis", 1));
        }
    }

    private void tokens(Op.PatchTokens tokens, String name, String images, String output) {
        int width = tokens.width();
        int grid = size / tokens.patch();
        List<String> inputs = tokens.bias()
                ? List.of(images, name + ".proj.weight", name + ".proj.bias")
                : List.of(images, name + ".proj.weight");
        graph.add("Conv", output + ".patches", inputs)
                .addAttribute(OnnxGraph.integers("kernel_shape", tokens.patch(), tokens.patch()))
                .addAttribute(OnnxGraph.integers("strides", tokens.patch(), tokens.patch()));
        graph.numbers(output + ".row", 0, width, (long) grid * grid);
        graph.add("Reshape", output + ".rows", List.of(output + ".patches", output + ".row"));
        int before = tokens.prefix().length();
        String placed = before == 0 ? output : output + ".placed";
        boolean learned = tokens.positions().learned();
        graph.add("Transpose", learned ? output + ".flat" : placed, List.of(output + ".rows"))
                .addAttribute(OnnxGraph.integers("perm", 0, 2, 1));
        if (learned) {
            graph.constant(output + ".places", places(tokens), new long[] {1, (long) grid * grid, width});
            graph.add("Add", placed, List.of(output + ".flat", output + ".places"));
        }
        if (before > 0 && graph.batch().isPresent()) {
            int rows = graph.batch().getAsInt();
            graph.constant(output + ".prefix", repeated(first(tokens), rows), new long[] {rows, before, width});
            graph.add("Concat", output, List.of(output + ".prefix", placed)).addAttribute(OnnxGraph.integer("axis", 1));
        } else if (before > 0) {
            graph.constant(output + ".first", first(tokens), new long[] {1, before, width});
            graph.add("Shape", output + ".count", List.of(images))
                    .addAttribute(OnnxGraph.integer("start", 0))
                    .addAttribute(OnnxGraph.integer("end", 1));
            graph.numbers(output + ".one", before, width);
            graph.add("Concat", output + ".shape", List.of(output + ".count", output + ".one"))
                    .addAttribute(OnnxGraph.integer("axis", 0));
            graph.add("Expand", output + ".prefix", List.of(output + ".first", output + ".shape"));
            graph.add("Concat", output, List.of(output + ".prefix", placed)).addAttribute(OnnxGraph.integer("axis", 1));
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
        float[] all = weights.get("pos_embed").floats();
        int from = tokens.prefix().classToken() ? tokens.width() : 0;
        return Arrays.copyOfRange(all, from, all.length);
    }

    /** The class token, with its position if it has one, and the registers. */
    private float[] first(Op.PatchTokens tokens) {
        int width = tokens.width();
        float[] first = new float[tokens.prefix().length() * width];
        int at = 0;
        if (tokens.prefix().classToken()) {
            float[] token = weights.get("cls_token").floats();
            boolean learned = tokens.positions().learned();
            float[] position = learned ? weights.get("pos_embed").floats() : new float[width];
            for (int i = 0; i < width; i++) {
                first[at++] = token[i] + position[i];
            }
        }
        if (tokens.prefix().registers() > 0) {
            float[] registers = weights.get("register_tokens").floats();
            System.arraycopy(registers, 0, first, at, registers.length);
        }
        return first;
    }

    private void attention(Op.Attention attention, String name, String input, String output) {
        int width = attention.width() / attention.heads();
        graph.matrix(name + ".qkv", input, output + ".joint");
        apart(output, attention.heads(), width, "queries", "keys", "values");
        String queries = output + ".queries";
        String keys = output + ".keys";
        if (attention.rotary()) {
            rotated(queries, width);
            rotated(keys, width);
            queries += ".rotated";
            keys += ".rotated";
        }
        mixed(queries, keys, width, output);
        graph.numbers(output + ".whole", 0, -1, attention.width());
        graph.add("Reshape", output + ".attended", List.of(output + ".back", output + ".whole"));
        graph.matrix(name + ".proj", output + ".attended", output);
    }

    /** Of one query, the same for all images. */
    private void attended(Op.AttentionPool pool, String name, String input, String output) {
        int width = pool.width() / pool.heads();
        graph.matrix(name + ".q", name + ".latent", output + ".asked");
        graph.numbers(output + ".query", 1, pool.heads(), 1, width);
        graph.add("Reshape", output + ".queries", List.of(output + ".asked", output + ".query"));
        graph.matrix(name + ".kv", input, output + ".joint");
        apart(output, pool.heads(), width, "keys", "values");
        mixed(output + ".queries", output + ".keys", width, output);
        graph.numbers(output + ".whole", 0, pool.width());
        graph.add("Reshape", output + ".attended", List.of(output + ".back", output + ".whole"));
        graph.matrix(name + ".proj", output + ".attended", output);
    }

    /** Joint projections (N, T, parts * heads * width) as a value (N, heads, T, width) for each part. */
    private void apart(String output, int heads, int width, String... parts) {
        graph.numbers(output + ".split", 0, -1, parts.length, heads, width);
        graph.add("Reshape", output + ".apart", List.of(output + ".joint", output + ".split"));
        graph.add("Transpose", output + ".heads", List.of(output + ".apart"))
                .addAttribute(OnnxGraph.integers("perm", 2, 0, 3, 1, 4));
        for (int i = 0; i < parts.length; i++) {
            graph.numbers(output + ".number" + i, i);
            graph.add("Gather", output + ".one" + i, List.of(output + ".heads", output + ".number" + i))
                    .addAttribute(OnnxGraph.integer("axis", 0));
            graph.numbers(output + ".axis" + i, 0);
            graph.add("Squeeze", output + "." + parts[i], List.of(output + ".one" + i, output + ".axis" + i));
        }
    }

    /** The values by the likeness of queries and keys: (N, T, heads, width). */
    private void mixed(String queries, String keys, int width, String output) {
        graph.constant(output + ".scale", new float[] {(float) (1 / Math.sqrt(width))}, new long[0]);
        graph.add("Mul", output + ".scaled", List.of(queries, output + ".scale"));
        graph.add("Transpose", output + ".turned", List.of(keys)).addAttribute(OnnxGraph.integers("perm", 0, 1, 3, 2));
        graph.add("MatMul", output + ".scores", List.of(output + ".scaled", output + ".turned"));
        graph.add("Softmax", output + ".shares", List.of(output + ".scores"))
                .addAttribute(OnnxGraph.integer("axis", -1));
        graph.add("MatMul", output + ".mixed", List.of(output + ".shares", output + ".values"));
        graph.add("Transpose", output + ".back", List.of(output + ".mixed"))
                .addAttribute(OnnxGraph.integers("perm", 0, 2, 1, 3));
    }

    /** Patches turned by their angles, what stands before them as it is: {@code NAME.rotated}. */
    private void rotated(String name, int width) {
        Op.PatchTokens tokens = graph.tokens();
        int grid = size / tokens.patch();
        angles(grid, width);
        int before = tokens.prefix().length();
        from(name, before, name + ".patches", 2);
        halves(name + ".patches", name + ".left", name + ".right", -1);
        graph.add("Neg", name + ".minus", List.of(name + ".right"));
        graph.add("Concat", name + ".swapped", List.of(name + ".minus", name + ".left"))
                .addAttribute(OnnxGraph.integer("axis", -1));
        graph.add("Mul", name + ".along", List.of(name + ".patches", COSINES));
        graph.add("Mul", name + ".across", List.of(name + ".swapped", SINES));
        graph.add(
                "Add", before == 0 ? name + ".rotated" : name + ".turned", List.of(name + ".along", name + ".across"));
        if (before > 0) {
            slice(name, 0, before, name + ".still", 2);
            graph.add("Concat", name + ".rotated", List.of(name + ".still", name + ".turned"))
                    .addAttribute(OnnxGraph.integer("axis", 2));
        }
    }

    /** In float32, as {@code PositionCode} computes them: a row's turns, then a column's, twice. */
    private void angles(int grid, int width) {
        int frequencies = width / 4;
        float[] sines = new float[grid * grid * width];
        float[] cosines = new float[sines.length];
        for (int patch = 0; patch < grid * grid; patch++) {
            float[] places = {centre(patch / grid, grid), centre(patch % grid, grid)};
            for (int i = 0; i < width; i++) {
                int frequency = i % frequencies;
                float period = (float) Math.pow(100, (float) frequency / frequencies);
                float angle = places[i / frequencies % 2] * (float) (2 * Math.PI) / period;
                sines[patch * width + i] = (float) Math.sin(angle);
                cosines[patch * width + i] = (float) Math.cos(angle);
            }
        }
        long[] shape = {(long) grid * grid, width};
        graph.constant(SINES, sines, shape);
        graph.constant(COSINES, cosines, shape);
    }

    /** Of a row or column of patches, between -1 and 1. */
    private static float centre(int number, int grid) {
        return (number + 0.5f) / grid * 2 - 1;
    }

    private void halves(String input, String left, String right, int axis) {
        graph.add("Split", left, List.of(input)).addOutput(right).addAttribute(OnnxGraph.integer("axis", axis));
    }

    private void from(String input, int start, String output, int axis) {
        slice(input, start, Long.MAX_VALUE, output, axis);
    }

    private void slice(String input, long start, long end, String output, int axis) {
        graph.numbers(output + ".start", start);
        graph.numbers(output + ".end", end);
        graph.numbers(output + ".axis", axis);
        graph.add("Slice", output, List.of(input, output + ".start", output + ".end", output + ".axis"));
    }
}
