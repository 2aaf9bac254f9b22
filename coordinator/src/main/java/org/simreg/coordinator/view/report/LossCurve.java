package org.simreg.coordinator.view.report;

import com.google.gson.JsonArray;

/**
 * A curve of the loss over steps in bounded memory: where there would be too many points,
 * neighbours are merged, so that a point is the mean of 1, 2, 4 .. steps, at the last of them.
 */
final class LossCurve {
    private final int most;
    private final long[] x;
    private final double[] y;
    private int size;
    private long width = 1;
    private double sum;
    private long summed;

    /**
     * @param most points; even
     */
    LossCurve(int most) {
        this.most = most;
        x = new long[most];
        y = new double[most];
    }

    /** The next step's value. Steps ascend; a step that was there already takes its place again. */
    void add(long step, double value) {
        cut(step - 1);
        sum += value;
        summed++;
        if (summed > 1) {
            size--;
        }
        if (size == most) {
            halve();
        }
        x[size] = step;
        y[size++] = sum / summed;
        if (summed >= width) {
            sum = 0;
            summed = 0;
        }
    }

    private void halve() {
        for (int i = 0; i < most / 2; i++) {
            x[i] = x[2 * i + 1];
            y[i] = (y[2 * i] + y[2 * i + 1]) / 2;
        }
        size = most / 2;
        width *= 2;
    }

    /** Forgets what comes after a step. */
    void cut(long step) {
        if (size == 0 || x[size - 1] <= step) {
            return;
        }
        while (size > 0 && x[size - 1] > step) {
            size--;
        }
        sum = 0;
        summed = 0;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** Pairs of step and value. */
    JsonArray json() {
        JsonArray points = new JsonArray();
        for (int i = 0; i < size; i++) {
            points.add(LineChart.point(x[i], y[i]));
        }
        return points;
    }
}
