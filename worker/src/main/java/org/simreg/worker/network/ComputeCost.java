package org.simreg.worker.network;

import java.util.Arrays;
import java.util.List;

/** The count of a network's multiplications for one image, by its layers' shapes. */
public final class ComputeCost {
    private ComputeCost() {}

    /**
     * The shape of a value.
     *
     * @param side of an image; of tokens their number
     */
    private record Value(long side, boolean tokens) {
        long places() {
            return tokens ? side : side * side;
        }
    }

    /**
     * Multiplications of convolutions, linear layers and attention, each with its addition; the rest is small.
     *
     * @param size height and width of the image in pixels
     */
    public static long multiplications(NetworkGraph network, int size) {
        List<NetworkGraph.Node> nodes = network.nodes();
        Value[] values = new Value[nodes.size() + 1];
        values[0] = new Value(size, false);
        long sum = 0;
        for (int i = 0; i < nodes.size(); i++) {
            Value input = values[nodes.get(i).input()];
            Value output = output(nodes.get(i).op(), input);
            values[i + 1] = output;
            sum += multiplications(nodes.get(i).op(), input, output);
        }
        return sum;
    }

    /**
     * The sides of all values: of the image at 0, of the output of node i at i + 1; of tokens their number.
     *
     * @param size height and width of the image in pixels
     */
    public static long[] sides(NetworkGraph network, int size) {
        List<NetworkGraph.Node> nodes = network.nodes();
        Value[] values = new Value[nodes.size() + 1];
        values[0] = new Value(size, false);
        for (int i = 0; i < nodes.size(); i++) {
            values[i + 1] = output(nodes.get(i).op(), values[nodes.get(i).input()]);
        }
        return Arrays.stream(values).mapToLong(Value::side).toArray();
    }

    /** Whether every layer of a network of images has a pixel to read at a size. */
    static boolean fits(NetworkGraph network, int size) {
        List<NetworkGraph.Node> nodes = network.nodes();
        Value[] values = new Value[nodes.size() + 1];
        values[0] = new Value(size, false);
        for (int i = 0; i < nodes.size(); i++) {
            values[i + 1] = output(nodes.get(i).op(), values[nodes.get(i).input()]);
            if (values[i + 1].side < 1) {
                return false;
            }
        }
        return true;
    }

    private static Value output(Op op, Value input) {
        if (op instanceof Op.Convolution c) {
            return new Value(side(input.side, c.kernel(), c.stride(), c.padding()), false);
        } else if (op instanceof Op.MaxPool pool) {
            return new Value(side(input.side, pool.kernel(), pool.stride(), pool.padding()), false);
        } else if (op instanceof Op.PatchTokens tokens) {
            long grid = input.side / tokens.patch();
            return new Value(tokens.prefix().length() + grid * grid, true);
        }
        if (op instanceof Op.SpatialMean) {
            return new Value(1, false);
        }
        boolean single =
                op instanceof Op.GlobalAveragePool || op instanceof Op.TokenPool || op instanceof Op.AttentionPool;
        return single ? new Value(1, true) : input;
    }

    private static long side(long side, int kernel, int stride, int padding) {
        return padding == Op.SAME ? (side + stride - 1) / stride : (side + 2L * padding - kernel) / stride + 1;
    }

    private static long multiplications(Op op, Value input, Value output) {
        if (op instanceof Op.Convolution c) {
            return output.places() * c.out() * (c.in() / c.groups()) * c.kernel() * c.kernel();
        } else if (op instanceof Op.Linear linear) {
            return output.places() * linear.in() * linear.out();
        } else if (op instanceof Op.PatchTokens tokens) {
            long patches = output.side - tokens.prefix().length();
            return patches * tokens.width() * 3 * tokens.patch() * tokens.patch();
        } else if (op instanceof Op.Attention attention) {
            long width = attention.width();
            return output.side * 4 * width * width + 2 * output.side * output.side * width;
        } else if (op instanceof Op.AttentionPool pool) {
            long width = pool.width();
            return (2 + 2 * input.side) * width * width + 2 * input.side * width;
        }
        return 0;
    }
}
