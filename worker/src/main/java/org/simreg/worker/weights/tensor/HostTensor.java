package org.simreg.worker.weights.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor in host memory, or in a file that is mapped into it.
 *
 * @param dtype element type
 * @param shape sizes, empty for a scalar
 * @param data elements in row-major order without gaps, little-endian; shared, not copied
 */
public record HostTensor(DType dtype, long[] shape, ByteBuffer data) {
    public HostTensor {
        long bytes = Math.multiplyExact(count(shape), dtype.bytes());
        if (data.remaining() != bytes) {
            throw new IllegalArgumentException("A tensor %s %s needs %d bytes, not %d"
                    .formatted(dtype, Arrays.toString(shape), bytes, data.remaining()));
        }
        data = data.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A float32 tensor with a copy of the values. */
    public static HostTensor of(float[] values, long... shape) {
        ByteBuffer data = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        return new HostTensor(DType.FLOAT32, shape, data);
    }

    /** An int64 scalar. */
    static HostTensor of(long value) {
        ByteBuffer data = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        data.putLong(0, value);
        return new HostTensor(DType.INT64, new long[0], data);
    }

    /** A view of the elements with its own position, little-endian. */
    @Override
    public ByteBuffer data() {
        return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Number of elements. */
    public long length() {
        return count(shape);
    }

    /**
     * All elements as float32, row-major; float64 is rounded.
     *
     * @throws IllegalStateException if the elements are no floating-point numbers
     */
    public float[] floats() {
        float[] values = new float[Math.toIntExact(length())];
        ByteBuffer bytes = data();
        switch (dtype) {
            case FLOAT32 -> bytes.asFloatBuffer().get(values);
            case FLOAT64 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) bytes.getDouble(i * Double.BYTES);
                }
            }
            case FLOAT16 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = half(bytes.getShort(i * Short.BYTES));
                }
            }
            case BFLOAT16 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = Float.intBitsToFloat(bytes.getShort(i * Short.BYTES) << 16);
                }
            }
            default -> throw new IllegalStateException("A tensor of " + dtype + " has no floats");
        }
        return values;
    }

    /** IEEE 754 binary16; Java has its own conversion only since version 20. */
    private static float half(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = bits >> 10 & 0x1F;
        int fraction = bits & 0x3FF;
        if (exponent == 0) {
            float magnitude = fraction * 0x1p-24f;
            return sign == 0 ? magnitude : -magnitude;
        }
        int widened = exponent == 0x1F ? 0xFF : exponent - 15 + 127;
        return Float.intBitsToFloat(sign | widened << 23 | fraction << 13);
    }

    /** Number of elements of a shape: 1 for a scalar. */
    public static long count(long[] shape) {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    @Override
    public String toString() {
        return dtype + Arrays.toString(shape);
    }
}
