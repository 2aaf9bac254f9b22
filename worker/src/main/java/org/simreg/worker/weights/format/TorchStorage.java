package org.simreg.worker.weights.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Supplier;
import org.simreg.worker.weights.format.pickle.PickleWriter;
import org.simreg.worker.weights.format.pickle.Pickled.Tensor;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.LazyTensor;

/**
 * The bytes of one storage of a PyTorch file, which are fetched when a tensor on it is.
 *
 * @param size bytes of all elements
 * @param bytes gives all elements, as they lie in the file
 * @param order byte order of the machine that wrote them
 */
public record TorchStorage(long size, Supplier<ByteBuffer> bytes, ByteOrder order) {
    /** How much larger than its storage a tensor may be that repeats elements (stride 0). */
    private static final long MAX_EXPANDED = 1 << 26;

    /** A storage whose bytes are there. */
    public static TorchStorage of(ByteBuffer bytes, ByteOrder order) {
        return new TorchStorage(bytes.remaining(), () -> bytes, order);
    }

    /** The tensor on this storage, which it must not leave. */
    public LazyTensor view(String name, Tensor tensor) throws CorruptFile {
        long elements = size / tensor.dtype().bytes();
        long first = tensor.offset();
        if (tensor.storage().view() != null) {
            first += Math.min(tensor.storage().view().offset(), elements);
        }
        long count = count(name, tensor);
        if (count > 0 && (first < 0 || first > elements || last(tensor) >= elements - first)) {
            throw new CorruptFile("tensor " + name + " reaches past the end of its storage");
        }
        if (count * tensor.dtype().bytes() > Math.max(size, MAX_EXPANDED)) {
            throw new CorruptFile("tensor " + name + " is larger than what is stored of it");
        }
        Gather gather = new Gather(this, tensor, count == 0 ? 0 : (int) first, (int) count);
        return new LazyTensor(tensor.dtype(), tensor.shape(), gather::contiguous);
    }

    private static long count(String name, Tensor tensor) throws CorruptFile {
        long size = 1;
        for (long axis : tensor.shape()) {
            if (axis > Integer.MAX_VALUE || axis * size > Integer.MAX_VALUE) {
                throw new CorruptFile(
                        "tensor %s of shape %s is too large".formatted(name, Arrays.toString(tensor.shape())));
            }
            size *= axis;
        }
        return size;
    }

    /** Place of the last element after the first; any out-of-range sum comes out as too large. */
    private static long last(Tensor tensor) {
        long last = 0;
        for (int axis = 0; axis < tensor.shape().length; axis++) {
            long steps = tensor.shape()[axis] - 1;
            long stride = steps == 0 ? 0 : tensor.stride()[axis];
            if (stride > Integer.MAX_VALUE) {
                return Long.MAX_VALUE;
            }
            last += steps * stride;
        }
        return last < 0 ? Long.MAX_VALUE : last;
    }

    /**
     * The elements of a tensor in row-major order; where they lie so already, nothing is copied.
     */
    private record Gather(TorchStorage storage, Tensor tensor, int first, int size) {
        ByteBuffer contiguous() {
            int width = tensor.dtype().bytes();
            ByteBuffer source = storage.bytes.get().duplicate().order(storage.order);
            boolean little = storage.order == ByteOrder.LITTLE_ENDIAN || width == 1;
            if (little && isContiguous()) {
                return source.slice(source.position() + first * width, size * width);
            }
            ByteBuffer target = ByteBuffer.allocate(size * width).order(ByteOrder.LITTLE_ENDIAN);
            if (size > 0) {
                copy(source.slice().order(storage.order), target, 0, first);
            }
            return target.flip();
        }

        private boolean isContiguous() {
            long[] dense = PickleWriter.contiguous(tensor.shape());
            for (int axis = 0; axis < dense.length; axis++) {
                if (tensor.shape()[axis] > 1 && dense[axis] != tensor.stride()[axis]) {
                    return false;
                }
            }
            return true;
        }

        private void copy(ByteBuffer source, ByteBuffer target, int axis, int place) {
            if (axis == tensor.shape().length) {
                element(source, target, place * tensor.dtype().bytes());
                return;
            }
            int stride = (int) tensor.stride()[axis];
            for (int i = 0; i < tensor.shape()[axis]; i++) {
                copy(source, target, axis + 1, place + i * stride);
            }
        }

        private void element(ByteBuffer source, ByteBuffer target, int at) {
            switch (tensor.dtype().bytes()) {
                case 1 -> target.put(source.get(at));
                case 2 -> target.putShort(source.getShort(at));
                case 4 -> target.putInt(source.getInt(at));
                case 16 -> target.putLong(source.getLong(at)).putLong(source.getLong(at + Long.BYTES));
                default -> target.putLong(source.getLong(at));
            }
        }
    }
}
