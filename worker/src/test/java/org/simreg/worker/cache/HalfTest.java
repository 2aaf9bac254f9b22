package org.simreg.worker.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class HalfTest {
    @Test
    void everyHalfSurvivesTheWayToFloatAndBack() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = Half.value((short) bits);
            if (Float.isNaN(value)) {
                assertTrue(Float.isNaN(Half.value(Half.of(value))));
            } else {
                assertEquals((short) bits, Half.of(value), Integer.toHexString(bits));
            }
        }
    }

    @Test
    void anyFloatGoesToTheNearestHalfAndATieToTheEvenOne() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 200_000; i++) {
            float value =
                    (float) ((random.nextDouble() - 0.5) * Math.pow(2, random.nextInt(46) - 28));
            nearest(value);
        }
        for (int bits = 0; bits < 0x7BFF; bits++) {
            nearest((Half.value((short) bits) + Half.value((short) (bits + 1))) / 2);
        }
    }

    private static void nearest(float value) {
        short half = Half.of(value);
        if (Math.abs(value) > Half.LARGEST) {
            return;
        }
        double error = Math.abs((double) Half.value(half) - value);
        for (int step : new int[] {-1, 1}) {
            short beside = (short) (half + step);
            double other = Math.abs((double) Half.value(beside) - value);
            boolean better = error < other || error == other && (half & 1) == 0;
            assertTrue(Double.isNaN(other) || better, value + " became " + Half.value(half));
        }
    }

    @Test
    void whatIsTooLargeBecomesInfinite() {
        assertEquals(Half.LARGEST, Half.value(Half.of(65519)));
        assertEquals(Float.POSITIVE_INFINITY, Half.value(Half.of(65520)));
        assertEquals(Float.NEGATIVE_INFINITY, Half.value(Half.of(-1e30f)));
        assertEquals(Float.POSITIVE_INFINITY, Half.value(Half.of(Float.POSITIVE_INFINITY)));
    }
}
