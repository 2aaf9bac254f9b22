package org.simreg.worker.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Direct buffers that are used again: allocating one costs as much as zeroing it. Safe for all
 * threads.
 */
final class BufferPool {
    private final List<ByteBuffer> free = new ArrayList<>();

    /** A buffer of at least that many bytes. */
    synchronized ByteBuffer take(int bytes) {
        for (Iterator<ByteBuffer> buffers = free.iterator(); buffers.hasNext(); ) {
            ByteBuffer buffer = buffers.next();
            if (buffer.capacity() >= bytes) {
                buffers.remove();
                return buffer;
            }
        }
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    synchronized void giveBack(ByteBuffer buffer) {
        free.add(buffer);
    }
}
