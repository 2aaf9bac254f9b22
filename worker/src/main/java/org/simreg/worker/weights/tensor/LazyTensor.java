package org.simreg.worker.weights.tensor;

import java.nio.ByteBuffer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * A tensor that is fetched only when asked for: of a file with two networks and a momentum buffer
 * one network is read.
 *
 * @param bytes gives the elements in row-major order, little-endian
 */
public record LazyTensor(DType dtype, long[] shape, Supplier<ByteBuffer> bytes) {
    /** A tensor that is in memory already. */
    public static LazyTensor of(HostTensor tensor) {
        return new LazyTensor(tensor.dtype(), tensor.shape(), tensor::data);
    }

    /** The same values as float32; nothing is converted before it is asked for. */
    public LazyTensor asFloat32() {
        if (dtype == DType.FLOAT32) {
            return this;
        }
        return new LazyTensor(
                DType.FLOAT32,
                shape,
                () -> HostTensor.of(load().floats(), shape).data());
    }

    /**
     * The same values in another shape.
     *
     * @param other of as many elements
     */
    public LazyTensor reshaped(long... other) {
        return new LazyTensor(dtype, other, bytes);
    }

    /**
     * A float32 tensor of the same shape with other values, which are computed when they are asked for.
     *
     * @param values gets the elements in row-major order, in an array of its own
     */
    public LazyTensor mapped(UnaryOperator<float[]> values) {
        return new LazyTensor(
                DType.FLOAT32,
                shape,
                () -> HostTensor.of(values.apply(load().floats()), shape).data());
    }

    /** Fetches the elements, each time anew. */
    public HostTensor load() {
        return new HostTensor(dtype, shape, bytes.get());
    }
}
