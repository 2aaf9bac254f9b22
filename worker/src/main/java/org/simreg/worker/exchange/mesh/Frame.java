package org.simreg.worker.exchange.mesh;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * A frame that has arrived: a header and the payload behind it.
 *
 * @param bytes header and payload
 * @param release gives the bytes back; called once, by whoever is done with them
 */
public record Frame(FrameHeader header, ByteBuffer bytes, Runnable release) {
    /** Whether it arrived as it was sent. */
    boolean intact() {
        return header.intact(bytes);
    }

    /** The bytes after the header, little-endian. */
    public ByteBuffer payload() {
        return bytes.slice(bytes.position() + FrameHeader.BYTES, header.length())
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The payload as floats. */
    public FloatBuffer floats() {
        return payload().asFloatBuffer();
    }

    /** The contents of a frame to be sent; read when the frame is sent, which may be later. */
    public interface Payload {
        /** No bytes. */
        Payload NONE = of(ByteBuffer.allocate(0));

        /** How many bytes it has. */
        int bytes();

        /** Writes it to a little-endian buffer of that size. */
        void put(ByteBuffer target);

        /** The bytes between a buffer's position and limit. */
        static Payload of(ByteBuffer bytes) {
            return new Payload() {
                @Override
                public int bytes() {
                    return bytes.remaining();
                }

                @Override
                public void put(ByteBuffer target) {
                    target.put(bytes.duplicate());
                }
            };
        }

        /** The floats between a buffer's position and limit. */
        static Payload of(FloatBuffer values) {
            return new Payload() {
                @Override
                public int bytes() {
                    return values.remaining() * Float.BYTES;
                }

                @Override
                public void put(ByteBuffer target) {
                    target.asFloatBuffer().put(values.duplicate());
                }
            };
        }
    }
}
