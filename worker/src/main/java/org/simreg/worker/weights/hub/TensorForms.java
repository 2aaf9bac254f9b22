package org.simreg.worker.weights.hub;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;

/** Tensors made of others when they are asked for: joined, cut, turned, filled with zeros. */
final class TensorForms {
    private TensorForms() {}

    /** One below the other: the sum of the rows, of the shape of the first. */
    static LazyTensor joined(List<LazyTensor> parts) {
        if (parts.size() == 1) {
            return parts.get(0);
        }
        long[] shape = parts.get(0).shape().clone();
        shape[0] = parts.stream().mapToLong(part -> part.shape()[0]).sum();
        return new LazyTensor(parts.get(0).dtype(), shape, () -> below(parts), parts);
    }

    private static ByteBuffer below(List<LazyTensor> parts) {
        List<ByteBuffer> bytes = parts.stream().map(part -> part.load().data()).toList();
        ByteBuffer all = buffer(bytes.stream().mapToLong(ByteBuffer::remaining).sum());
        bytes.forEach(all::put);
        return all.flip();
    }

    /** Rows from one to another, this one not included. */
    static LazyTensor rows(LazyTensor tensor, long from, long to) {
        long[] shape = tensor.shape().clone();
        shape[0] = to - from;
        int row = Math.toIntExact(HostTensor.count(tensor.shape())
                / tensor.shape()[0]
                * tensor.dtype().bytes());
        return new LazyTensor(
                tensor.dtype(),
                shape,
                () -> tensor.load().data().slice(Math.toIntExact(from * row), Math.toIntExact((to - from) * row)),
                List.of(tensor));
    }

    /** The same values in another shape. */
    static LazyTensor shaped(LazyTensor tensor, long... shape) {
        return tensor.reshaped(shape);
    }

    /** A matrix with rows and columns exchanged. */
    static LazyTensor transposed(LazyTensor matrix) {
        int rows = Math.toIntExact(matrix.shape()[0]);
        int columns = Math.toIntExact(matrix.shape()[1]);
        long[] shape = {columns, rows};
        return new LazyTensor(matrix.dtype(), shape, () -> turned(matrix, rows, columns), List.of(matrix));
    }

    private static ByteBuffer turned(LazyTensor matrix, int rows, int columns) {
        int size = matrix.dtype().bytes();
        ByteBuffer from = matrix.load().data();
        ByteBuffer to = buffer(from.remaining());
        for (int column = 0; column < columns; column++) {
            for (int row = 0; row < rows; row++) {
                to.put(from.slice((row * columns + column) * size, size));
            }
        }
        return to.flip();
    }

    /** Zeros of a shape. */
    static LazyTensor zeros(DType type, long... shape) {
        return new LazyTensor(type, shape, () -> buffer(HostTensor.count(shape) * type.bytes()));
    }

    /** (1, N, D) as (1, N + 1, D), the first row zero. */
    static LazyTensor afterZero(LazyTensor tensor) {
        long[] shape = tensor.shape();
        LazyTensor flat = shaped(tensor, shape[1], shape[2]);
        return shaped(joined(List.of(zeros(tensor.dtype(), 1, shape[2]), flat)), 1, shape[1] + 1, shape[2]);
    }

    /** A vector whose middle third is zero. */
    static LazyTensor withoutMiddle(LazyTensor vector) {
        long third = vector.shape()[0] / 3;
        return joined(List.of(
                rows(vector, 0, third), zeros(vector.dtype(), third), rows(vector, 2 * third, vector.shape()[0])));
    }

    /** Whether a tensor has so many dimensions. */
    static boolean isOf(LazyTensor tensor, int dimensions) {
        return tensor.shape().length == dimensions
                && Arrays.stream(tensor.shape()).allMatch(size -> size > 0);
    }

    private static ByteBuffer buffer(long bytes) {
        return ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
    }
}
