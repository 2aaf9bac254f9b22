package org.simreg.worker.export.edge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RangeHistogramTest {
    private static final int VALUES = 20_000;

    private final Random random = new Random(1);

    private static RangeHistogram histogram(float[] values) {
        RangeHistogram histogram = new RangeHistogram();
        int half = values.length / 2;
        histogram.add(FloatBuffer.wrap(values, 0, half));
        histogram.add(FloatBuffer.wrap(values, half, values.length - half));
        return histogram;
    }

    private float[] normal() {
        float[] values = new float[VALUES];
        for (int i = 0; i < VALUES; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private float[] hardSwish() {
        float[] values = normal();
        for (int i = 0; i < VALUES; i++) {
            float x = 4 * values[i];
            values[i] = x * Math.min(6, Math.max(0, x + 3)) / 6;
        }
        return values;
    }

    /** The mean squared error of values that were rounded and restored. */
    private static double error(float[] values, RangeHistogram.Range range) {
        double sum = 0;
        for (float value : values) {
            double number = Math.rint(value / range.scale()) + range.zero();
            double restored = (Math.max(-128, Math.min(127, number)) - range.zero()) * range.scale();
            sum += (restored - value) * (restored - value);
        }
        return sum / values.length;
    }

    @Test
    void whatReachesALittleBelowZeroGetsNearlyAllNumbersAbove() {
        float[] values = hardSwish();
        RangeHistogram histogram = histogram(values);
        RangeHistogram.Range free = histogram.range(false);
        RangeHistogram.Range centred = histogram.range(true);
        assertTrue(free.zero() < -100, "" + free);
        assertEquals(0, centred.zero());
        assertTrue(error(values, free) < 0.35 * error(values, centred), free + " " + centred);
    }

    @Test
    void whatIsNeverNegativeBeginsAtTheLeastNumber() {
        float[] values = normal();
        for (int i = 0; i < VALUES; i++) {
            values[i] = Math.max(0, values[i]);
        }
        assertEquals(Byte.MIN_VALUE, histogram(values).range(false).zero());
        assertEquals(0, histogram(values).range(true).zero());
    }

    @Test
    void aFarValueWidensItsOwnSideOnly() {
        float[] values = normal();
        values[7] = 40;
        RangeHistogram histogram = histogram(values);
        RangeHistogram.Range free = histogram.range(false);
        assertTrue(255 * free.scale() < 44, "" + free);
        assertTrue(error(values, free) < 0.4 * error(values, histogram.range(true)), "" + free);
    }

    @Test
    void noWayToChooseIsWorseThanItsNeighbours() {
        float[] values = hardSwish();
        RangeHistogram.Range range = histogram(values).range(false);
        double own = error(values, range);
        for (float factor : new float[] {0.9f, 1.1f}) {
            double other = error(values, new RangeHistogram.Range(range.scale() * factor, range.zero()));
            assertTrue(own < 1.05 * other, factor + " " + own + " " + other);
        }
    }

    @Test
    void onlyZerosStayZero() {
        RangeHistogram.Range range = histogram(new float[10]).range(false);
        assertEquals(0, error(new float[10], range));
    }
}
