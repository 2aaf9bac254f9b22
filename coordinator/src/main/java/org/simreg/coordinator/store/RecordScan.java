package org.simreg.coordinator.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A pass over the frames of a file of any size, from one place to where it ended when the pass
 * began. It holds as much of the file as the largest record has.
 */
final class RecordScan {
    private static final int WINDOW = 1 << 20;

    /** What a disk writes at once: in a torn write each such block is new or still empty. */
    private static final int BLOCK = 512;

    private final FileChannel channel;
    private final long size;
    private ByteBuffer window = ByteBuffer.allocate(WINDOW).order(ByteOrder.LITTLE_ENDIAN);

    /** Place in the file of what the window holds. */
    private long begin;

    RecordScan(FileChannel channel) throws IOException {
        this.channel = channel;
        this.size = channel.size();
        window.limit(0);
    }

    /** Bytes of the file. */
    long size() {
        return size;
    }

    /** The record at a place; empty if no whole and undamaged one begins there. */
    Optional<byte[]> record(long at) throws IOException {
        int length = length(at);
        return length == 0 ? Optional.empty() : RecordFrame.read(bytes(at, RecordFrame.HEADER + length));
    }

    private int length(long at) throws IOException {
        long left = size - at - RecordFrame.HEADER;
        return left <= 0 ? 0 : RecordFrame.length(bytes(at, RecordFrame.HEADER), 0, left);
    }

    /** The place of the first whole record after one that is none. */
    OptionalLong next(long at) throws IOException {
        for (long later = at + 1; later <= size - RecordFrame.HEADER; later++) {
            if (record(later).isPresent()) {
                return OptionalLong.of(later);
            }
        }
        return OptionalLong.empty();
    }

    /**
     * Whether what is at a place, with no whole record after it, is a record that was whole once:
     * all its bytes are there, and one part of it (length, a checksum, or the bytes) differs from
     * what the others say. A write that was cut off leaves an early end, or blocks that are still
     * empty.
     */
    boolean wasWhole(long at) throws IOException {
        long left = size - at - RecordFrame.HEADER;
        if (left <= 0) {
            return false;
        }
        int length = length(at);
        if (length > 0) {
            return !emptyBlock(at, RecordFrame.HEADER + length);
        }
        if (left > RecordFrame.MOST_BYTES) {
            return false;
        }
        ByteBuffer frame = bytes(at, (int) (RecordFrame.HEADER + left));
        ByteBuffer said = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, (int) left);
        boolean oneOfTwo = frame.getInt(0) == left || frame.getInt(4) == RecordFrame.crc(said);
        return oneOfTwo && RecordFrame.matches(frame);
    }

    private boolean emptyBlock(long at, int length) throws IOException {
        ByteBuffer frame = bytes(at, length);
        boolean empty = true;
        for (int i = 0; i < length; i++) {
            if ((at + i) % BLOCK == 0) {
                if (i > 0 && empty) {
                    return true;
                }
                empty = true;
            }
            empty &= frame.get(i) == 0;
        }
        return empty;
    }

    /** Bytes from a place on, with that place at 0; they are there. */
    private ByteBuffer bytes(long at, int length) throws IOException {
        if (at < begin || at + length > begin + window.limit()) {
            fill(at, length);
        }
        return window.slice((int) (at - begin), length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void fill(long at, int length) throws IOException {
        int wanted = (int) Math.min(Math.max(length, WINDOW), size - at);
        if (window.capacity() < wanted) {
            window = ByteBuffer.allocate(wanted).order(ByteOrder.LITTLE_ENDIAN);
        }
        window.clear().limit(wanted);
        begin = at;
        while (window.hasRemaining()) {
            if (channel.read(window, at + window.position()) < 0) {
                throw new IOException("it became shorter while it was read");
            }
        }
        window.flip();
    }
}
