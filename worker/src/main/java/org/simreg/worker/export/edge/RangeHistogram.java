package org.simreg.worker.export.edge;

import java.nio.FloatBuffer;

/**
 * A histogram of the absolute values of one tensor, and the range that loses least when they are rounded to 8 bits: the
 * mean squared error of rounding within it and of cutting what lies beyond. Its reach doubles when a larger value comes.
 */
final class RangeHistogram {
    private static final int BINS = 2048;

    private long[] counts = new long[BINS];
    private double reach;
    private boolean negative;

    /**
     * The range that is cut into 8 bits.
     *
     * @param scale of a step
     * @param zero the number that stands for 0: 0 in the middle, or -128 where nothing is negative
     */
    record Range(float scale, byte zero) {}

    void add(FloatBuffer values) {
        int from = values.position();
        float largest = 0;
        for (int i = from; i < values.limit(); i++) {
            largest = Math.max(largest, Math.abs(values.get(i)));
            negative |= values.get(i) < 0;
        }
        if (reach == 0) {
            reach = largest;
        }
        while (largest > reach) {
            grow();
        }
        if (reach == 0) {
            return;
        }
        for (int i = from; i < values.limit(); i++) {
            counts[Math.min(BINS - 1, (int) (Math.abs(values.get(i)) / reach * BINS))]++;
        }
    }

    private void grow() {
        long[] wider = new long[BINS];
        for (int bin = 0; bin < BINS; bin++) {
            wider[bin / 2] += counts[bin];
        }
        counts = wider;
        reach *= 2;
    }

    /**
     * The range that loses least.
     *
     * @param symmetric whether 0 stands for 0 also where nothing is negative, which wastes a bit
     */
    Range range(boolean symmetric) {
        boolean centred = symmetric || negative;
        int steps = centred ? 127 : 255;
        return new Range((float) (end(steps) / steps), centred ? 0 : Byte.MIN_VALUE);
    }

    private double end(int steps) {
        if (reach == 0) {
            return 1; // only zeros, which any range keeps
        }
        double best = Double.POSITIVE_INFINITY;
        double range = reach;
        for (int bins = BINS / 16; bins <= BINS; bins += BINS / 256) {
            double end = reach * bins / BINS;
            double error = error(end, end / steps);
            if (error < best) {
                best = error;
                range = end;
            }
        }
        return range;
    }

    private double error(double end, double step) {
        double rounded = step * step / 12;
        double sum = 0;
        for (int bin = 0; bin < BINS; bin++) {
            double beyond = (bin + 0.5) / BINS * reach - end;
            sum += counts[bin] * (beyond > 0 ? beyond * beyond : rounded);
        }
        return sum;
    }
}
