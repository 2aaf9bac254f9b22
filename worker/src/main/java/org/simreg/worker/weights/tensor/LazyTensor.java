package org.simreg.worker.weights.tensor;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A tensor that is fetched only when asked for: of a file with two networks and a momentum buffer
 * one network is read.
 *
 * @param bytes gives the elements in row-major order, little-endian
 * @param parts the tensors that it is made of; none if it stands in a file or in memory
 */
public record LazyTensor(DType dtype, long[] shape, Supplier<ByteBuffer> bytes, List<LazyTensor> parts) {
    /** A tensor of a file or of memory. */
    public LazyTensor(DType dtype, long[] shape, Supplier<ByteBuffer> bytes) {
        this(dtype, shape, bytes, List.of());
    }

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
                () -> HostTensor.of(load().floats(), shape).data(),
                List.of(this));
    }

    /**
     * The same values in another shape.
     *
     * @param other of as many elements
     */
    public LazyTensor reshaped(long... other) {
        return new LazyTensor(dtype, other, bytes, List.of(this));
    }

    /** The tensors of a file or of memory that it is made of in the end; itself if it is one. */
    public Stream<LazyTensor> origins() {
        return parts.isEmpty() ? Stream.of(this) : parts.stream().flatMap(LazyTensor::origins);
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
                () -> HostTensor.of(values.apply(load().floats()), shape).data(),
                List.of(this));
    }

    /** Fetches the elements, each time anew. */
    public HostTensor load() {
        return new HostTensor(dtype, shape, bytes.get());
    }
}
