package org.simreg.worker.exchange.reduce;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;

/**
 * The vectors of a reduction on its device, used again from step to step, and their values on the
 * host. It belongs to the thread that computes the leaves.
 */
final class DeviceVectors implements AutoCloseable {
    private final NDManager scope;
    private final Function<NDManager, NDArray> allocate;
    private final Deque<NDArray> free = new ArrayDeque<>();
    private final List<HostVector> read = new ArrayList<>();

    /**
     * A vector that the host reads.
     *
     * @param copy on the host; null where the array itself is there
     */
    private record HostVector(NDArray array, NDArray copy) {}

    /**
     * @param scope owner of the vectors; closed with this
     * @param allocate makes a zeroed float32 vector
     */
    DeviceVectors(NDManager scope, Function<NDManager, NDArray> allocate) {
        this.scope = scope;
        this.allocate = allocate;
    }

    /** A vector to be overwritten. */
    NDArray next() {
        return free.isEmpty() ? allocate.apply(scope) : free.pop();
    }

    /** Takes back a vector that isn't needed any more. */
    void free(NDArray vector) {
        free.push(vector);
    }

    /** Adds the right vector to the left one and takes the right one back. */
    NDArray add(NDArray left, NDArray right) {
        left.addi(right);
        free.push(right);
        return left;
    }

    /**
     * The values of a vector where Java reads them: on the CPU those of the array itself, from a
     * GPU a copy, for which it waits. They are valid until {@link #freeRead}.
     */
    FloatBuffer read(NDArray vector) {
        NDArray copy = vector.getDevice().isGpu() ? vector.toDevice(Device.cpu(), true) : null;
        read.add(new HostVector(vector, copy));
        return (copy == null ? vector : copy).toByteBuffer(true).asFloatBuffer();
    }

    /** Takes back all vectors that were read. */
    void freeRead() {
        for (HostVector vector : read) {
            if (vector.copy != null) {
                vector.copy.close();
            }
            free.push(vector.array);
        }
        read.clear();
    }

    /** A new vector for the mean; it isn't among those that are used again. */
    MeanVector mean() {
        return new MeanVector(scope, allocate.apply(scope));
    }

    @Override
    public void close() {
        scope.close();
    }

    /** The vector that takes the sum of a step on the host, and becomes the mean on the device. */
    static final class MeanVector {
        private final NDManager scope;
        private final boolean onGpu;
        private final ByteBuffer host;
        private NDArray array;

        /**
         * @param array becomes the mean on the CPU; is replaced on a GPU
         */
        private MeanVector(NDManager scope, NDArray array) {
            this.scope = scope;
            this.array = array;
            onGpu = array.getDevice().isGpu();
            int bytes = Math.toIntExact(array.size() * Float.BYTES);
            host = onGpu ? ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder()) : array.toByteBuffer(true);
        }

        int length() {
            return host.capacity() / Float.BYTES;
        }

        /** The sum of all leaves, to be written. */
        FloatBuffer sum() {
            return host.asFloatBuffer();
        }

        /** The mean, divided on the device as {@link LocalReduce} does it. */
        NDArray mean(int leaves) {
            if (onGpu) {
                NDArray last = array;
                array = scope.create(host.duplicate(), last.getShape(), DataType.FLOAT32);
                last.close();
            }
            return leaves > 1 ? array.divi(leaves) : array;
        }
    }
}
