package org.simreg.worker.reduce;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * A frame that arrived.
 *
 * @param bytes head and payload
 * @param release gives the bytes back; called once, by whoever is done with them
 */
record Frame(Head head, ByteBuffer bytes, Runnable release) {
    boolean intact() {
        return head.intact(bytes);
    }

    ByteBuffer payload() {
        return bytes.slice(bytes.position() + Head.BYTES, head.length())
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    FloatBuffer floats() {
        return payload().asFloatBuffer();
    }
}
