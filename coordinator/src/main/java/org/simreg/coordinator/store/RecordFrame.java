package org.simreg.coordinator.store;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A record in a file, little-endian: length (4 bytes), CRC32C of the length, CRC32C of the bytes,
 * the bytes. The length has a checksum of its own so that a damaged one isn't followed.
 */
final class RecordFrame {
    static final int HEADER = 12;

    /** Bytes that a record may have; far more than any has. */
    static final int MOST_BYTES = 1 << 26;

    private RecordFrame() {}

    static ByteBuffer of(byte[] bytes) {
        if (bytes.length == 0 || bytes.length > MOST_BYTES) {
            throw new IllegalArgumentException("a record of " + bytes.length + " bytes");
        }
        ByteBuffer frame = ByteBuffer.allocate(HEADER + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(bytes.length);
        frame.putInt(crc(frame.slice(0, 4)));
        return frame.putInt(crc(ByteBuffer.wrap(bytes))).put(bytes).flip();
    }

    /**
     * Bytes of the record that begins at a place; 0 if none does.
     *
     * @param header {@link #HEADER} bytes from there on
     * @param left bytes of the file behind the header
     */
    static int length(ByteBuffer header, int at, long left) {
        int bytes = header.getInt(at);
        boolean possible = bytes > 0 && bytes <= MOST_BYTES && bytes <= left;
        return possible && crc(header.slice(at, 4)) == header.getInt(at + 4) ? bytes : 0;
    }

    /** The record of a frame; empty if its bytes aren't those that its checksum is of. */
    static Optional<byte[]> read(ByteBuffer frame) {
        if (!matches(frame)) {
            return Optional.empty();
        }
        byte[] bytes = new byte[frame.limit() - HEADER];
        frame.get(HEADER, bytes);
        return Optional.of(bytes);
    }

    /** Whether a frame's checksum is that of its bytes. */
    static boolean matches(ByteBuffer frame) {
        return crc(frame.slice(HEADER, frame.limit() - HEADER)) == frame.getInt(8);
    }

    static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
