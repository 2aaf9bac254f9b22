package org.simreg.coordinator.store;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The form of a record in a file, little-endian: length (4 bytes), CRC32C of the length, CRC32C of
 * the bytes, the bytes. The length has a checksum of its own so that a damaged one isn't followed.
 */
final class Frame {
    static final int HEADER = 12;

    /** Far more than any record has; a longer one is a mistake. */
    static final int MOST_BYTES = 1 << 26;

    private Frame() {}

    static ByteBuffer of(byte[] bytes) {
        if (bytes.length == 0 || bytes.length > MOST_BYTES) {
            throw new IllegalArgumentException("a record of " + bytes.length + " bytes");
        }
        ByteBuffer frame =
                ByteBuffer.allocate(HEADER + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.putInt(bytes.length);
        frame.putInt(crc(frame.slice(0, 4)));
        return frame.putInt(crc(ByteBuffer.wrap(bytes))).put(bytes).flip();
    }

    /** Length of the whole frame at a place, 0 if there is none or its bytes aren't all there. */
    static int length(ByteBuffer file, int at) {
        if (file.limit() - at < HEADER) {
            return 0;
        }
        int bytes = file.getInt(at);
        boolean whole = bytes > 0 && bytes <= file.limit() - at - HEADER;
        return whole && crc(file.slice(at, 4)) == file.getInt(at + 4) ? HEADER + bytes : 0;
    }

    /** The record at a place; empty if no whole and undamaged one begins there. */
    static Optional<byte[]> read(ByteBuffer file, int at) {
        int length = length(file, at);
        if (length == 0 || crc(file.slice(at + HEADER, length - HEADER)) != file.getInt(at + 8)) {
            return Optional.empty();
        }
        byte[] bytes = new byte[length - HEADER];
        file.get(at + HEADER, bytes);
        return Optional.of(bytes);
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
