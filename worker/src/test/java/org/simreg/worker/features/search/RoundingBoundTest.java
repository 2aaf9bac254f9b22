package org.simreg.worker.features.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Tests of the bound on what rounding takes from a score. */
class RoundingBoundTest {
    private final Random random = new Random(3);

    @Test
    void aNumberIsRoundedDownToItsNeighbourInBfloat16() {
        double[] some = {1, -1, 0, 0.3, -0.3, 1e-30, -1e-30, 1 - 1e-12, -1 + 1e-12, 1e-46, -1e-46};
        for (int i = 0; i < 1000; i++) {
            double value = i < some.length ? some[i] : random.nextGaussian();
            float down = RoundingBound.downToBfloat16(value);
            assertEquals(0, Float.floatToRawIntBits(down) & 0xFFFF);
            assertTrue(down <= value, () -> down + " > " + value);
            float next = Math.nextUp(down);
            while ((Float.floatToRawIntBits(next) & 0xFFFF) != 0) {
                next = Math.nextUp(next);
            }
            assertTrue(next > value, next + " lies between");
        }
        assertEquals(Float.NEGATIVE_INFINITY, RoundingBound.downToBfloat16(Double.NEGATIVE_INFINITY));
    }

    /** Vectors whose every rounding goes the same way come as near to the bound as any. */
    @Test
    void noScoreIsFartherFromItsCosineThanTheBound() {
        for (int trial = 0; trial < 3000; trial++) {
            int dimension = 1 + random.nextInt(300);
            double[] row = new double[dimension];
            double[] query = new double[dimension];
            boolean aligned = trial % 2 == 0;
            for (int d = 0; d < dimension; d++) {
                row[d] = aligned ? 0.05 + 0x1p-13 : random.nextGaussian();
                query[d] = aligned ? row[d] : random.nextGaussian();
            }
            double error = Math.abs(product(row, query) - bfloat16Product(row, query));
            double[] nearRow = rounded(row);
            double[] nearQuery = rounded(query);
            double bound = new RoundingBound(dimension, false)
                    .bfloat16(length(nearQuery), distance(query, nearQuery), length(row), distance(row, nearRow));
            assertTrue(error <= bound, error + " > " + bound);
        }
    }

    /**
     * Rows of any size and queries of one digit and two, summed as whole numbers and scaled in float32. Every other row loses
     * nothing and is short, so that what the digits lack is seen.
     */
    @Test
    void noScoreOfDigitsIsFartherFromItsCosineThanTheBound() {
        for (int trial = 0; trial < 3000; trial++) {
            boolean whole = trial % 2 == 0;
            int digits = 1 + trial / 2 % 2;
            int dimension = 1 + random.nextInt(whole ? 4 : 300);
            double[] row = random.doubles(dimension, -1, 1).toArray();
            double[] query = random.doubles(dimension, -1, 1).toArray();
            double length = length(query);
            query = Arrays.stream(query).map(value -> (float) (value / length)).toArray();
            float rowScale = (float) (most(row) * (1 + 0x1p-7) / 127);
            float scale = (float) (most(query) / 127);
            double[] nearRow = new double[dimension];
            double[] near = new double[dimension];
            long high = 0;
            long low = 0;
            for (int d = 0; d < dimension; d++) {
                long level = Math.round(row[d] / rowScale);
                long digit = Math.max(-127, Math.min(127, Math.round(query[d] / scale)));
                long second = digits == 1 ? 0 : low(query[d] / scale - digit);
                nearRow[d] = level * (double) rowScale;
                row[d] = whole ? nearRow[d] : row[d];
                near[d] = (digit + second / 254.0) * scale;
                high += (digit + 128) * level - 128 * level;
                low += second * level;
            }
            float score = (high * rowScale + low * rowScale * (float) (1 / 254.0)) * scale;
            double error = Math.abs(product(row, query) - score);
            double bound = new RoundingBound(dimension, false)
                    .digits(length(near), distance(query, near), length(row), distance(row, nearRow));
            assertTrue(error <= bound, error + " > " + bound);
            double half = scale / 2 / (digits == 1 ? 1 : 127);
            assertTrue(distance(query, near) <= Math.sqrt(dimension) * half, "digits say less than they can");
        }
    }

    private static long low(double rest) {
        return Math.max(-127, Math.min(127, Math.round(rest * 254)));
    }

    private static double most(double[] values) {
        return Arrays.stream(values).map(Math::abs).max().orElseThrow();
    }

    private static double bfloat16Product(double[] a, double[] b) {
        double[] x = rounded(a);
        double[] y = rounded(b);
        float sum = 0;
        for (int d = 0; d < x.length; d++) {
            sum += (float) x[d] * (float) y[d];
        }
        return sum;
    }

    private static double[] rounded(double[] values) {
        double[] near = new double[values.length];
        for (int d = 0; d < near.length; d++) {
            int bits = Float.floatToRawIntBits((float) values[d]);
            int even = bits >>> 16 & 1;
            near[d] = Float.intBitsToFloat(bits + 0x7FFF + even & 0xFFFF0000);
        }
        return near;
    }

    private static double product(double[] a, double[] b) {
        double sum = 0;
        for (int d = 0; d < a.length; d++) {
            sum += a[d] * b[d];
        }
        return sum;
    }

    private static double length(double[] a) {
        return Math.sqrt(product(a, a));
    }

    private static double distance(double[] a, double[] b) {
        double[] difference = new double[a.length];
        for (int d = 0; d < a.length; d++) {
            difference[d] = a[d] - b[d];
        }
        return length(difference);
    }

    @Test
    void noScoreInFloat16IsFartherFromItsCosineThanTheBound() {
        for (int trial = 0; trial < 3000; trial++) {
            int dimension = 1 + random.nextInt(300);
            double cosine = 0;
            double sum = 0;
            double[] squares = new double[4];
            for (int d = 0; d < dimension; d++) {
                double query = trial % 2 == 0 ? 0.05 + 0x1p-16 : random.nextGaussian() / 16;
                double row = trial % 2 == 0 ? 0.05 + 0x1p-16 : random.nextGaussian() / 16;
                cosine += query * row;
                sum += float16(query) * float16(row);
                squares[0] += query * query;
                squares[1] += Math.pow(query - float16(query), 2);
                squares[2] += row * row;
                squares[3] += Math.pow(row - float16(row), 2);
            }
            double[] lengths = Arrays.stream(squares).map(Math::sqrt).toArray();
            double error = new RoundingBound(dimension, false).float16(lengths[0], lengths[1], lengths[2], lengths[3]);
            assertTrue(Math.abs(sum - cosine) <= error, "trial " + trial);
            assertTrue(cosine <= RoundingBound.aboveFloat16(float16(sum)) + error, "trial " + trial);
        }
    }

    @Test
    void aNumberIsNotAboveWhatItsFloat16MayStandFor() {
        for (double value : new double[] {1 + 0x1p-11, -1 + 0x1p-12, 0.5 + 0x1p-12, 0x1p-14 * 0.999, 0, 3 + 0x1p-10}) {
            assertTrue(value <= RoundingBound.aboveFloat16(float16(value)), "" + value);
            assertTrue(value + 0x1p-9 * Math.abs(value) + 0x1p-13 > RoundingBound.aboveFloat16(float16(value)));
        }
    }

    /** The nearest float16, ties to even; numbers that aren't normal are zero. */
    private static double float16(double value) {
        if (Math.abs(value) < 0x1p-14) {
            return 0;
        }
        int shift = 10 - Math.getExponent(value);
        return Math.scalb(Math.rint(Math.scalb(value, shift)), -shift);
    }
}
