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
     * Whether no element is NaN or infinite.
     *
     * @throws IllegalStateException as {@link #floats}
     */
    public boolean isFinite() {
        for (float value : floats()) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
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
            case FLOAT8_E4M3FN, FLOAT8_E5M2, FLOAT8_E4M3FNUZ, FLOAT8_E5M2FNUZ -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = eighth(bytes.get(i));
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

    /**
     * An element of eight bits.
     *
     * @see <a href="https://onnx.ai/onnx/technical/float8.html">the four types</a>
     */
    private float eighth(byte bits) {
        return switch (dtype) {
            case FLOAT8_E5M2 -> half((short) (bits << 8));
            case FLOAT8_E4M3FN -> (bits & 0x7F) == 0x7F ? Float.NaN : eighth(bits, 3, 7);
            case FLOAT8_E4M3FNUZ -> (bits & 0xFF) == 0x80 ? Float.NaN : eighth(bits, 3, 8);
            default -> (bits & 0xFF) == 0x80 ? Float.NaN : eighth(bits, 2, 16);
        };
    }

    /** A finite one with so many bits of fraction and this bias of the exponent. */
    private static float eighth(byte bits, int width, int bias) {
        int exponent = (bits & 0x7F) >> width;
        int fraction = bits & (1 << width) - 1;
        int whole = exponent == 0 ? fraction : fraction | 1 << width;
        float magnitude = Math.scalb((float) whole, Math.max(exponent, 1) - bias - width);
        return bits < 0 ? -magnitude : magnitude;
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
