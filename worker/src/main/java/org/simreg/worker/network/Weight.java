package org.simreg.worker.network;

import java.util.Arrays;
import java.util.List;

/**
 * Name, shape and kind of one tensor of a network; not its values.
 *
 * @param name name in the state dict, torchvision's where torchvision has the network
 * @param shape sizes, convolutions as (out, in / groups, height, width)
 * @param kind what it is for
 */
public record Weight(String name, long[] shape, Kind kind) {
    /**
     * The purpose of a tensor. The last three kinds belong to TorchScript modules from outside: a
     * parameter of any shape in row-major order, a float buffer, a whole-number buffer.
     */
    public enum Kind {
        CONVOLUTION,
        LINEAR,
        LINEAR_BIAS,
        NORM_SCALE,
        NORM_SHIFT,
        RUNNING_MEAN,
        RUNNING_VARIANCE,
        PARAMETER,
        BUFFER,
        COUNTER;

        /** Whether the optimizer updates it. */
        public boolean trained() {
            return switch (this) {
                case RUNNING_MEAN, RUNNING_VARIANCE, BUFFER, COUNTER -> false;
                default -> true;
            };
        }
    }

    /** Weight (out, in) and bias (out) of a linear layer. */
    static List<Weight> linear(String prefix, long in, long out) {
        return List.of(
                new Weight(prefix + "weight", new long[] {out, in}, Kind.LINEAR),
                new Weight(prefix + "bias", new long[] {out}, Kind.LINEAR_BIAS));
    }

    /** Number of elements. */
    public int length() {
        return Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }

    @Override
    public String toString() {
        return name + Arrays.toString(shape);
    }
}
