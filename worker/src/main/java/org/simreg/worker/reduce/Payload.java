package org.simreg.worker.reduce;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** What a frame will carry; it is read when the frame is sent, which may be later. */
interface Payload {
    Payload NONE = of(ByteBuffer.allocate(0));

    int bytes();

    /** Writes it to a little-endian buffer of that size. */
    void put(ByteBuffer target);

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
