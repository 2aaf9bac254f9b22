package org.simreg.worker.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Direct buffers that are used again: allocating one costs as much as zeroing it. Safe for all
 * threads.
 */
final class BufferPool {
    private final List<ByteBuffer> free = new ArrayList<>();

    /**
     * A buffer of at least that many bytes: the smallest free one, so that views of several sizes
     * don't take each other's.
     */
    synchronized ByteBuffer take(int bytes) {
        ByteBuffer fitting =
                free.stream()
                        .filter(buffer -> buffer.capacity() >= bytes)
                        .min(Comparator.comparingInt(ByteBuffer::capacity))
                        .orElse(null);
        if (fitting == null) {
            return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        }
        free.removeIf(buffer -> buffer == fitting);
        return fitting;
    }

    synchronized void giveBack(ByteBuffer buffer) {
        free.add(buffer);
    }
}
