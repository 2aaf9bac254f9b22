package org.simreg.worker.reduce;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * What stands before the payload of a frame, {@link #BYTES} little-endian bytes; the last four are
 * the CRC32C of the others and of the payload.
 *
 * @param from rank of the sender
 * @param sequence number of a frame that took a credit, from 1; of a grant: how many may be sent
 * @param length bytes of the payload
 */
record Head(Key key, Kind kind, int from, long sequence, Place place, int length) {
    static final int BYTES = 56;

    /** No frame has a longer payload. */
    static final int MOST = 1 << 20;

    private static final int MAGIC = 0x314c5253;
    private static final int CRC_AT = 52;

    /** What a frame says. */
    enum Kind {
        /** So many frames may be sent by now; slot 1 asks for the same in return. */
        GRANT,
        /** The sender is through with the generation: an end of its link means nothing. */
        END,
        /** The sender's lanes are closed. */
        GONE,
        /** A subtree's sum, from position on. */
        PARTIAL,
        /** The sum of all leaves, from position on. */
        SUM,
        /** What state follows. */
        CONTENTS,
        /** Values of vector number slot of the state, from position on. */
        VALUES;

        private static final Kind[] ALL = values();
    }

    /** What part of what a payload is; each kind says which of these it uses. */
    record Place(long step, int slot, int position) {
        static final Place NONE = new Place(0, 0, 0);
    }

    /**
     * Reads the head of a frame; its CRC isn't checked.
     *
     * @return null if these bytes are no head
     */
    static Head read(ByteBuffer frame) {
        ByteBuffer bytes = little(frame);
        int kind = bytes.get(4);
        Key.Use use = Key.Use.of(bytes.get(5) & 0xff);
        int length = bytes.getInt(48);
        if (bytes.getInt(0) != MAGIC
                || kind < 0
                || kind >= Kind.ALL.length
                || use == null
                || length < 0
                || length > MOST) {
            return null;
        }
        return new Head(
                new Key(bytes.getLong(8), bytes.getLong(16), use),
                Kind.ALL[kind],
                bytes.getShort(6) & 0xffff,
                bytes.getLong(24),
                new Place(bytes.getLong(32), bytes.getInt(40), bytes.getInt(44)),
                length);
    }

    /** Writes a frame at the start of a buffer: this head, the payload, and their CRC. */
    void write(ByteBuffer frame, Payload payload) {
        ByteBuffer bytes = little(frame);
        bytes.putInt(0, MAGIC).put(4, (byte) kind.ordinal()).put(5, (byte) key.use().ordinal());
        bytes.putShort(6, (short) from).putLong(8, key.job()).putLong(16, key.generation());
        bytes.putLong(24, sequence).putLong(32, place.step);
        bytes.putInt(40, place.slot).putInt(44, place.position).putInt(48, length);
        payload.put(bytes.slice(BYTES, length).order(ByteOrder.LITTLE_ENDIAN));
        bytes.putInt(CRC_AT, crc(bytes, length));
    }

    /** Whether a frame with this head arrived as it was sent. */
    boolean intact(ByteBuffer frame) {
        return frame.remaining() == BYTES + length
                && little(frame).getInt(CRC_AT) == crc(frame, length);
    }

    private static int crc(ByteBuffer frame, int length) {
        CRC32C crc = new CRC32C();
        crc.update(frame.slice(frame.position(), CRC_AT));
        crc.update(frame.slice(frame.position() + BYTES, length));
        return (int) crc.getValue();
    }

    private static ByteBuffer little(ByteBuffer frame) {
        return frame.slice().order(ByteOrder.LITTLE_ENDIAN);
    }
}
