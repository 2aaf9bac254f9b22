package org.simreg.worker.exchange.mesh;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.simreg.worker.base.io.Sha256;

/**
 * The header of a frame: the {@link #BYTES} little-endian bytes before its payload. The last four
 * are the CRC32C of the others and of the payload.
 *
 * @param from rank of the sender
 * @param sequence number of a frame that took a credit, from 1; of a grant: how many may be sent
 * @param length bytes of the payload
 */
public record FrameHeader(Key key, Kind kind, int from, long sequence, Place place, int length) {
    /** Bytes of a header. */
    public static final int BYTES = 56;

    /** No frame has a longer payload. */
    private static final int LONGEST = 1 << 20;

    private static final int MAGIC = 0x314c5253;
    private static final int CRC_AT = 52;

    /** The kinds of frames; a frame carries the ordinal, so their order stays. */
    public enum Kind {
        /** How many frames may have been sent by now; slot 1 asks for the same in return. */
        GRANT,
        /** The sender has ended the generation: that its connection ends means nothing. */
        END,
        /** Nothing comes from the sender any more, nor does it take anything: its transport is closed, or it has left. */
        GONE,
        /** A subtree's sum, from position on. */
        PARTIAL,
        /** The sum of all leaves, from position on. */
        SUM,
        /** The lengths of a state's vectors, and its digest. */
        CONTENTS,
        /** Values of vector number slot of the state, or of the features announced last, from position on. */
        VALUES,
        /**
         * The step that a member prepares; slot: steps after it whose features it has, position: steps after it whose
         * features it keeps. Or the pass of an evaluation that is collected.
         */
        AT,
        /** The features number slot of a step are being computed. */
        STARTED,
        /** Some features, number slot of a step or a batch of a pass: their shape, digest and profile; values follow. */
        FEATURES;

        private static final Kind[] ALL = values();

        /** Whether such a frame takes a credit. */
        public boolean isData() {
            return compareTo(PARTIAL) >= 0;
        }
    }

    /** The purpose of a mesh; a frame carries the ordinal, so their order stays. */
    public enum Use {
        /** Gradients and their sums. */
        REDUCE,
        /** A state for newcomers. */
        STATE,
        /** Teachers' features that a helper computes for a member. */
        FEATURES,
        /** Features of an evaluation's images, which members compute for the one that leads. */
        PARTS;

        private static final Use[] ALL = values();
    }

    /**
     * The address of a mesh within a process.
     *
     * @param job hash of the job's id
     * @param use which of the meshes of that job and generation
     */
    public record Key(long job, long generation, Use use) {
        static Key of(Peers peers, Use use) {
            return new Key(hash(peers.job()), peers.generation(), use);
        }

        private static long hash(String job) {
            byte[] digest =
                    new Sha256().bytes(job.getBytes(StandardCharsets.UTF_8)).digest();
            return ByteBuffer.wrap(digest).getLong();
        }
    }

    /** The place of a payload in a step or state; each kind says which fields it uses. */
    public record Place(long step, int slot, int position) {
        static final Place NONE = new Place(0, 0, 0);
    }

    /**
     * Reads the header of a frame; its CRC isn't checked.
     *
     * @return null if these bytes are no header
     */
    public static FrameHeader read(ByteBuffer frame) {
        ByteBuffer bytes = little(frame);
        int kind = bytes.get(4);
        int use = bytes.get(5);
        int length = bytes.getInt(48);
        if (bytes.getInt(0) != MAGIC
                || kind < 0
                || kind >= Kind.ALL.length
                || use < 0
                || use >= Use.ALL.length
                || length < 0
                || length > LONGEST) {
            return null;
        }
        return new FrameHeader(
                new Key(bytes.getLong(8), bytes.getLong(16), Use.ALL[use]),
                Kind.ALL[kind],
                bytes.getShort(6) & 0xffff,
                bytes.getLong(24),
                new Place(bytes.getLong(32), bytes.getInt(40), bytes.getInt(44)),
                length);
    }

    /** Writes a frame at the start of a buffer: this header, the payload, and their CRC. */
    public void write(ByteBuffer frame, Frame.Payload payload) {
        ByteBuffer bytes = little(frame);
        bytes.putInt(0, MAGIC).put(4, (byte) kind.ordinal()).put(5, (byte)
                key.use().ordinal());
        bytes.putShort(6, (short) from).putLong(8, key.job()).putLong(16, key.generation());
        bytes.putLong(24, sequence).putLong(32, place.step);
        bytes.putInt(40, place.slot).putInt(44, place.position).putInt(48, length);
        payload.put(bytes.slice(BYTES, length).order(ByteOrder.LITTLE_ENDIAN));
        bytes.putInt(CRC_AT, crc(bytes, length));
    }

    /** Bytes of the whole frame. */
    public int frameBytes() {
        return BYTES + length;
    }

    /** Whether a frame with this header arrived as it was sent. */
    boolean intact(ByteBuffer frame) {
        return frame.remaining() == frameBytes() && little(frame).getInt(CRC_AT) == crc(frame, length);
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
