package org.simreg.worker.weights.checkpoint;

import java.nio.charset.StandardCharsets;
import org.simreg.worker.network.Weight;

/**
 * Weights that are a pure function of name and place, so that fixtures made elsewhere need not
 * store them. {@code scripts/fixtures/weights.py} gives the same bits.
 */
public final class TestWeights {
    private TestWeights() {}

    /** All values of one tensor, row-major. */
    public static float[] values(Weight weight) {
        long hash = fnv1a64(weight.name());
        double bound = Math.sqrt(6.0 / fanIn(weight.shape()));
        float[] values = new float[weight.length()];
        for (int i = 0; i < values.length; i++) {
            double u = unit(splitmix64(hash + i));
            double signed = 2 * u - 1;
            values[i] = (float)
                    switch (weight.kind()) {
                        case CONVOLUTION, LINEAR -> signed * bound;
                        case NORM_SCALE -> 1 + 0.2 * signed;
                        case NORM_SHIFT, LINEAR_BIAS, RUNNING_MEAN -> 0.1 * signed;
                        case RUNNING_VARIANCE -> 1 + 0.5 * u;
                        case PARAMETER -> signed;
                        case BUFFER, COUNTER -> throw new IllegalArgumentException(weight + " brings its own values");
                    };
        }
        return values;
    }

    /** Number i of a name, from 0 to less than 1, a multiple of 2^-24. */
    public static double uniform(String name, long i) {
        return unit(bits(name, i));
    }

    /** The 64 bits that number i of a name is made of. */
    public static long bits(String name, long i) {
        return splitmix64(fnv1a64(name) + i);
    }

    private static double unit(long bits) {
        return (bits >>> 40) * 0x1p-24;
    }

    private static long fanIn(long[] shape) {
        long product = 1;
        for (int axis = 1; axis < shape.length; axis++) {
            product *= shape[axis];
        }
        return product;
    }

    private static long fnv1a64(String text) {
        long hash = 0xCBF29CE484222325L;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
        }
        return hash;
    }

    private static long splitmix64(long state) {
        long z = state + 0x9E3779B97F4A7C15L;
        z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
        z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
        return z ^ z >>> 31;
    }
}
