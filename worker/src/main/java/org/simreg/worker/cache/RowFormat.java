package org.simreg.worker.cache;

import java.nio.ByteBuffer;

/** How the values of a row are kept. */
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
}
