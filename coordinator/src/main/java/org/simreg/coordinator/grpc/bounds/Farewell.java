package org.simreg.coordinator.grpc.bounds;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The answer to a connection that is refused: HTTP/2's GOAWAY frame with the reason as text (RFC 9113, 6.8). */
public final class Farewell {
    private static final byte SETTINGS = 4;
    private static final byte GOAWAY = 7;
    private static final int ENHANCE_YOUR_CALM = 11;
    private static final int FRAME = 9;

    private Farewell() {}

    /** An empty frame of settings, which a server sends first, and the end with its reason. */
    public static byte[] goAway(String reason) {
        byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(2 * FRAME + 8 + text.length);
        frame(bytes, SETTINGS, 0);
        frame(bytes, GOAWAY, 8 + text.length);
        bytes.putInt(0).putInt(ENHANCE_YOUR_CALM).put(text);
        return bytes.array();
    }

    private static void frame(ByteBuffer bytes, byte type, int length) {
        bytes.put((byte) (length >> 16))
                .putShort((short) length)
                .put(type)
                .put((byte) 0)
                .putInt(0);
    }
}
