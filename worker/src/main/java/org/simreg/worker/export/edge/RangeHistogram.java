package org.simreg.worker.export.edge;

import java.nio.FloatBuffer;
import java.util.stream.LongStream;

/**
 * Histograms of the values of one tensor above and below 0, and the range that loses least when they are rounded to 8
 * bits: the mean squared error of rounding within it and of cutting what lies beyond. Their reach doubles when a larger
 * value comes.
 */
final class RangeHistogram {
    private static final int BINS = 2048;
    private static final int NARROWEST = BINS / 16;
    private static final int CANDIDATE = BINS / 256;
    private static final int ENDS = 128;
    private static final int STEPS = 255;
    private static final int LEAST = Byte.MIN_VALUE;

    private long[] above = new long[BINS];
    private long[] below = new long[BINS];
    private double reach;

    /**
     * The range that is cut into 8 bits.
     *
     * @param scale of a step
     * @param zero the number that stands for 0, which is exact: -128 where nothing is negative
     */
    record Range(float scale, byte zero) {}

    /** The values on one side of 0 that lie within an end, and the squared error of cutting the others. */
    private record Side(double end, long within, double beyond) {}

    void add(FloatBuffer values) {
        int from = values.position();
        float largest = 0;
        for (int i = from; i < values.limit(); i++) {
            largest = Math.max(largest, Math.abs(values.get(i)));
        }
        if (reach == 0) {
            reach = largest;
        }
        while (largest > reach) {
            above = halved(above);
            below = halved(below);
            reach *= 2;
        }
        if (reach == 0) {
            return;
        }
        for (int i = from; i < values.limit(); i++) {
            float value = values.get(i);
            (value < 0 ? below : above)[Math.min(BINS - 1, (int) (Math.abs(value) / reach * BINS))]++;
        }
    }

    private static long[] halved(long[] counts) {
        long[] wider = new long[BINS];
        for (int bin = 0; bin < BINS; bin++) {
            wider[bin / 2] += counts[bin];
        }
        return wider;
    }

    /**
     * The range that loses least.
     *
     * @param symmetric whether -128 to 127 stand for as much on both sides of 0, which wastes a bit where nothing is
     *     negative
     */
    Range range(boolean symmetric) {
        if (reach == 0) {
            return new Range(1f / STEPS, symmetric ? 0 : Byte.MIN_VALUE); // only zeros, which any range keeps
        }
        return symmetric ? centred() : free();
    }

    private Range centred() {
        double best = Double.POSITIVE_INFINITY;
        double end = reach;
        for (int bins = NARROWEST; bins <= BINS; bins += CANDIDATE) {
            double step = 2 * reach * bins / BINS / (STEPS - 1);
            double error = error(side(above, bins), side(below, bins), step);
            if (error < best) {
                best = error;
                end = reach * bins / BINS;
            }
        }
        return new Range((float) (2 * end / (STEPS - 1)), (byte) 0);
    }

    /** Each side of 0 has an end of its own: what follows a Swish or GELU reaches a little below 0 and far above. */
    private Range free() {
        double best = Double.POSITIVE_INFINITY;
        Side low = null;
        Side high = null;
        Side[] lows = sides(below);
        for (Side one : sides(above)) {
            for (Side other : lows) {
                double error = error(one, other, (one.end + other.end) / STEPS);
                if (error < best) {
                    best = error;
                    high = one;
                    low = other;
                }
            }
        }
        double step = (low.end + high.end) / STEPS;
        return new Range((float) step, (byte) Math.min(Byte.MAX_VALUE, Math.rint(LEAST + low.end / step)));
    }

    private Side[] sides(long[] counts) {
        int last = BINS - 1;
        while (last >= 0 && counts[last] == 0) {
            last--;
        }
        if (last < 0) {
            return new Side[] {new Side(0, 0, 0)};
        }
        Side[] sides = new Side[ENDS];
        for (int i = 0; i < ENDS; i++) {
            sides[i] = side(counts, (last + 1.0) * (i + 1 + ENDS / 16) / (ENDS + ENDS / 16));
        }
        return sides;
    }

    private Side side(long[] counts, double bins) {
        double beyond = 0;
        long cut = 0;
        for (int bin = (int) bins; bin < BINS; bin++) {
            double over = Math.max(0, bin + 0.5 - bins) / BINS * reach;
            beyond += counts[bin] * over * over;
            cut += counts[bin];
        }
        return new Side(reach * bins / BINS, LongStream.of(counts).sum() - cut, beyond);
    }

    private static double error(Side high, Side low, double step) {
        return (high.within + low.within) * step * step / 12 + high.beyond + low.beyond;
    }
}
