package org.simreg.worker.checkpoint;

import java.nio.ByteBuffer;
import java.util.function.Supplier;

/**
 * A tensor that is fetched only when asked for: of a file with two networks and a momentum buffer
 * one network is read.
 *
 * @param bytes gives the elements in row-major order, little-endian
 */
record StoredTensor(DType dtype, long[] shape, Supplier<ByteBuffer> bytes) {
    static StoredTensor of(HostTensor tensor) {
        return new StoredTensor(tensor.dtype(), tensor.shape(), tensor::data);
    }

    /** The same values as float32; nothing is converted before it is asked for. */
    StoredTensor asFloat32() {
        if (dtype == DType.FLOAT32) {
            return this;
        }
        return new StoredTensor(
                DType.FLOAT32, shape, () -> HostTensor.of(load().floats(), shape).data());
    }

    HostTensor load() {
        return new HostTensor(dtype, shape, bytes.get());
    }
}
