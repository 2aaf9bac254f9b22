package org.simreg.worker.data.dataset.tar;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.simreg.worker.data.store.FileStore;

/** A stretch of a file as a stream that skips without reading. */
final class TarWindow extends InputStream {
    private final FileStore.Reader reader;
    private final long end;
    private final ByteBuffer ahead;
    private long position;

    /**
     * @param bytes that are read at once
     */
    TarWindow(FileStore.Reader reader, int bytes, long from, long end) {
        this.reader = reader;
        ahead = ByteBuffer.allocate(bytes).flip();
        position = from;
        this.end = end;
    }

    /** Where the next byte lies in the file. */
    long position() {
        return position;
    }

    /** Bytes that are left. */
    long left() {
        return end - position;
    }

    @Override
    public int read() throws IOException {
        if (!filled()) {
            return -1;
        }
        position++;
        return ahead.get() & 0xFF;
    }

    /** All that is wanted unless the stretch ends: of a sparse member the library takes less for the end of a piece. */
    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int count = 0;
        while (count < length && filled()) {
            int some = Math.min(length - count, ahead.remaining());
            ahead.get(into, offset + count, some);
            position += some;
            count += some;
        }
        return count == 0 && length > 0 ? -1 : count;
    }

    private boolean filled() throws IOException {
        if (!ahead.hasRemaining() && left() > 0) {
            ahead.clear().limit((int) Math.min(ahead.capacity(), left()));
            reader.read(position, ahead);
            ahead.flip();
        }
        return ahead.hasRemaining();
    }

    @Override
    public long skip(long bytes) {
        long count = Math.max(0, Math.min(bytes, left()));
        if (count <= ahead.remaining()) {
            ahead.position(ahead.position() + (int) count);
        } else {
            ahead.position(ahead.limit());
        }
        position += count;
        return count;
    }
}
