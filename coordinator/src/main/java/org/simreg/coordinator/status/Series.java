package org.simreg.coordinator.status;

import java.util.Arrays;

/** The points of a curve, x ascending; a million of them take 16 MB. */
final class Series {
    private double[] x = new double[1024];
    private double[] y = new double[1024];
    private int size;

    void add(double atX, double atY) {
        if (size == x.length) {
            x = Arrays.copyOf(x, 2 * size);
            y = Arrays.copyOf(y, 2 * size);
        }
        x[size] = atX;
        y[size++] = atY;
    }

    int size() {
        return size;
    }

    double x(int point) {
        return x[point];
    }

    double y(int point) {
        return y[point];
    }

    /** The last x, 0 if there is none. */
    double end() {
        return size == 0 ? 0 : x[size - 1];
    }

    /** At most so many points: each the mean of neighbouring ones, at the x of their last. */
    Series thinned(int most) {
        if (size <= most) {
            return this;
        }
        Series thin = new Series();
        for (int bin = 0; bin < most; bin++) {
            int from = (int) ((long) bin * size / most);
            int to = (int) ((bin + 1L) * size / most);
            thin.add(x[to - 1], Arrays.stream(y, from, to).average().orElseThrow());
        }
        return thin;
    }
}
