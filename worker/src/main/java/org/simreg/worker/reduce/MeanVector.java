package org.simreg.worker.reduce;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Where the sum of a step comes together, and its division on the device. */
final class MeanVector {
    private final NDManager scope;
    private final boolean onGpu;
    private final ByteBuffer host;
    private NDArray array;

    /**
     * @param array a vector; it becomes the mean on the CPU, and is replaced on a GPU
     */
    MeanVector(NDManager scope, NDArray array) {
        this.scope = scope;
        this.array = array;
        onGpu = array.getDevice().isGpu();
        int bytes = Math.toIntExact(array.size() * Float.BYTES);
        host =
                onGpu
                        ? ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())
                        : array.toByteBuffer(true);
    }

    int length() {
        return host.capacity() / Float.BYTES;
    }

    /** The sums, to be written. */
    FloatBuffer values() {
        return host.asFloatBuffer();
    }

    /** The mean, divided as {@link LocalReduce} does it. */
    NDArray mean(int leaves) {
        if (onGpu) {
            NDArray last = array;
            array = scope.create(host.duplicate(), last.getShape(), DataType.FLOAT32);
            last.close();
        }
        return leaves > 1 ? array.divi(leaves) : array;
    }
}
