package org.simreg.coordinator.web;

import io.vertx.core.json.JsonArray;

/**
 * A curve over steps in bounded memory: once there are {@link #MOST} points, neighbours are merged,
 * so that a point is the mean of 1, 2, 4 .. steps, at the last of them.
 */
final class Curve {
    static final int MOST = 600;

    private final long[] x = new long[MOST];
    private final double[] y = new double[MOST];
    private int size;
    private long width = 1;
    private double sum;
    private long summed;

    /** The next step's value. Steps ascend; a step that was there already takes its place again. */
    void add(long step, double value) {
        cut(step - 1);
        sum += value;
        summed++;
        if (summed > 1) {
            size--;
        }
        if (size == MOST) {
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
        for (int i = 0; i < MOST / 2; i++) {
            x[i] = x[2 * i + 1];
            y[i] = (y[2 * i] + y[2 * i + 1]) / 2;
        }
        size = MOST / 2;
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

    int size() {
        return size;
    }

    /** Pairs of step and value. */
    JsonArray json() {
        JsonArray points = new JsonArray();
        for (int i = 0; i < size; i++) {
            points.add(new JsonArray().add(x[i]).add(y[i]));
        }
        return points;
    }
}
