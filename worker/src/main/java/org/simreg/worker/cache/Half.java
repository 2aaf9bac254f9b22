package org.simreg.worker.cache;

/** IEEE 754 binary16; Java has its own conversion only since version 20. */
final class Half {
    /** The largest finite value. */
    static final float LARGEST = 65504;

    private static final float SMALLEST_NORMAL = 0x1p-14f;

    private Half() {}

    /** The nearest value, of two the even one; infinity beyond the largest. */
    static short of(float value) {
        int sign = Float.floatToRawIntBits(value) >>> 16 & 0x8000;
        float size = Math.abs(value);
        if (Float.isNaN(value)) {
            return (short) (sign | 0x7E00);
        }
        if (size < SMALLEST_NORMAL) {
            // Multiples of 2^-24; the product is exact, and rint rounds to even.
            return (short) (sign | (int) Math.rint(size * 0x1p24));
        }
        int bits = Float.floatToRawIntBits(size);
        int rounded = bits + 0xFFF + (bits >> 13 & 1);
        int half = (rounded >> 13) - (127 - 15 << 10);
        return (short) (sign | Math.min(half, 0x7C00));
    }

    /** Its exact value. */
    static float value(short half) {
        int exponent = half >> 10 & 0x1F;
        int fraction = half & 0x3FF;
        if (exponent == 0) {
            float size = fraction * 0x1p-24f;
            return half < 0 ? -size : size;
        }
        int wide = exponent == 0x1F ? 0xFF : exponent - 15 + 127;
        return Float.intBitsToFloat((half & 0x8000) << 16 | wide << 23 | fraction << 13);
    }
}
