package org.simreg.worker.exchange.reduce;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.simreg.worker.engine.torch.Transfers;

/**
 * The vectors of a reduction on its device, used again from step to step, and their values on the
 * host. It belongs to the thread that computes the leaves.
 */
final class DeviceVectors implements AutoCloseable {
    private final NDManager scope;
    private final Function<NDManager, NDArray> allocate;
    private final Deque<NDArray> free = new ArrayDeque<>();
    private final Optional<Transfers> transfers;
    private final List<HostVector> read = new ArrayList<>();

    /** A vector that the host reads. */
    private record HostVector(NDArray array, Transfers.Reading values) {}

    /**
     * Vectors that the host doesn't read.
     *
     * @param scope owner of the vectors; closed with this
     * @param allocate makes a zeroed float32 vector
     */
    DeviceVectors(NDManager scope, Function<NDManager, NDArray> allocate) {
        this(scope, allocate, Optional.empty());
    }

    /**
     * @param scope owner of the vectors; closed with this
     * @param allocate makes a zeroed float32 vector
     * @param transfers between their device and the host
     */
    DeviceVectors(NDManager scope, Function<NDManager, NDArray> allocate, Optional<Transfers> transfers) {
        this.scope = scope;
        this.allocate = allocate;
        this.transfers = transfers;
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
     * The values of a vector where Java reads them: on the CPU those of the array itself, from a GPU a copy that begins
     * now, for which the one waits who reads it. They are valid until {@link #freeRead}.
     */
    Transfers.Reading read(NDArray vector) {
        Transfers.Reading values = transfers.orElseThrow().read(vector, 0, Math.toIntExact(vector.size()));
        read.add(new HostVector(vector, values));
        return values;
    }

    /** Takes back all vectors that were read. */
    void freeRead() {
        for (HostVector vector : read) {
            vector.values.close();
            free.push(vector.array);
        }
        read.clear();
    }

    /** A new vector for the mean; it isn't among those that are used again. */
    MeanVector mean() {
        return new MeanVector(allocate.apply(scope), transfers.orElseThrow());
    }

    @Override
    public void close() {
        scope.close();
    }

    /** The vector that takes the sum of a step on the host, and becomes the mean on the device. */
    static final class MeanVector {
        private final Transfers transfers;
        private final ByteBuffer host;
        private final NDArray array;
        private Transfers.Use last;

        private MeanVector(NDArray array, Transfers transfers) {
            this.array = array;
            this.transfers = transfers;
            int bytes = Math.toIntExact(array.size() * Float.BYTES);
            host = transfers.copies()
                    ? ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder())
                    : array.toByteBuffer(true);
        }

        int length() {
            return host.capacity() / Float.BYTES;
        }

        /** The sum of all leaves, to be written. */
        FloatBuffer sum() {
            return host.asFloatBuffer();
        }

        /** Tells that what computes now is the last that reads the mean. */
        void used() {
            if (transfers.copies() && last == null) {
                last = transfers.used();
            }
        }

        /** The mean, divided on the device as {@link LocalReduce} does it. */
        NDArray mean(int leaves) {
            if (transfers.copies()) {
                transfers.write(array, host, last);
                last = null;
            }
            return leaves > 1 ? array.divi(leaves) : array;
        }
    }
}
