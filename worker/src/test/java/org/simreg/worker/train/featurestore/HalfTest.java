package org.simreg.worker.train.featurestore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Tests of the conversion to and from float16, over all of its values. */
class HalfTest {
    @Test
    void everyHalfSurvivesTheWayToFloatAndBack() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = RowFormat.Half.value((short) bits);
            if (Float.isNaN(value)) {
                assertTrue(Float.isNaN(RowFormat.Half.value(RowFormat.Half.of(value))));
            } else {
                assertEquals((short) bits, RowFormat.Half.of(value), Integer.toHexString(bits));
            }
        }
    }

    @Test
    void anyFloatGoesToTheNearestHalfAndATieToTheEvenOne() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 200_000; i++) {
            float value = (float) ((random.nextDouble() - 0.5) * Math.pow(2, random.nextInt(46) - 28));
            nearest(value);
        }
        for (int bits = 0; bits < 0x7BFF; bits++) {
            nearest((RowFormat.Half.value((short) bits) + RowFormat.Half.value((short) (bits + 1))) / 2);
        }
    }

    private static void nearest(float value) {
        short half = RowFormat.Half.of(value);
        if (Math.abs(value) > RowFormat.Half.LARGEST) {
            return;
        }
        double error = Math.abs((double) RowFormat.Half.value(half) - value);
        for (int step : new int[] {-1, 1}) {
            short beside = (short) (half + step);
            double other = Math.abs((double) RowFormat.Half.value(beside) - value);
            boolean better = error < other || error == other && (half & 1) == 0;
            assertTrue(Double.isNaN(other) || better, value + " became " + RowFormat.Half.value(half));
        }
    }

    @Test
    void whatIsTooLargeBecomesInfinite() {
        assertEquals(RowFormat.Half.LARGEST, RowFormat.Half.value(RowFormat.Half.of(65519)));
        assertEquals(Float.POSITIVE_INFINITY, RowFormat.Half.value(RowFormat.Half.of(65520)));
        assertEquals(Float.NEGATIVE_INFINITY, RowFormat.Half.value(RowFormat.Half.of(-1e30f)));
        assertEquals(Float.POSITIVE_INFINITY, RowFormat.Half.value(RowFormat.Half.of(Float.POSITIVE_INFINITY)));
    }
}
