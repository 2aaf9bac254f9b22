package org.simreg.worker.train.featurestore;

import java.nio.ByteBuffer;

/** The number format in which a store keeps the values of a row. */
public enum RowFormat {
    /** The teacher's own bits. */
    FLOAT32(Float.BYTES),

    /** Half the space, eleven significant bits. */
    FLOAT16(Short.BYTES);

    private final int bytes;

    RowFormat(int bytes) {
        this.bytes = bytes;
    }

    /** Size of a value. */
    int bytes() {
        return bytes;
    }

    /** Largest finite value that is kept finite. */
    public float largest() {
        return this == FLOAT16 ? Half.LARGEST : Float.MAX_VALUE;
    }

    /** Turns values into those that would be read after they were written. */
    public void round(float[] values) {
        if (this == FLOAT16) {
            for (int i = 0; i < values.length; i++) {
                values[i] = Half.value(Half.of(values[i]));
            }
        }
    }

    /** Puts {@code count} values from {@code at} on at the buffer's position. */
    void put(float[] values, int at, int count, ByteBuffer into) {
        if (this == FLOAT32) {
            into.asFloatBuffer().put(values, at, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            into.putShort(Half.of(values[at + i]));
        }
    }

    /** Takes {@code count} values at the buffer's position. */
    void get(ByteBuffer from, float[] into, int at, int count) {
        if (this == FLOAT32) {
            from.asFloatBuffer().get(into, at, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            into[at + i] = Half.value(from.getShort());
        }
    }

    /** Conversions of IEEE 754 binary16; Java has its own only since version 20. */
    static final class Half {
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
}
