package org.simreg.worker.network;

import java.util.Arrays;

/**
 * A tensor that a network needs.
 *
 * @param name name in the state dict, torchvision's where torchvision has the network
 * @param shape sizes, convolutions as (out, in / groups, height, width)
 * @param kind what it is for
 */
public record Weight(String name, long[] shape, Kind kind) {
    /** What a tensor is for; the last two are statistics, the rest is trained. */
    public enum Kind {
        CONVOLUTION,
        LINEAR,
        LINEAR_BIAS,
        NORM_SCALE,
        NORM_SHIFT,
        RUNNING_MEAN,
        RUNNING_VARIANCE;

        /** Whether the optimizer moves it. */
        public boolean trained() {
            return this != RUNNING_MEAN && this != RUNNING_VARIANCE;
        }
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
