package org.simreg.worker.exchange.ahead;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.simreg.worker.base.io.Sha256;

/**
 * What is said of features before their values come.
 *
 * @param rows images, N
 * @param width D of the network
 * @param sha256 of the values as little-endian float32, 32 bytes
 * @param profile numeric profile of who computed them, perhaps behind other words
 */
record FeatureHeader(int rows, int width, byte[] sha256, String profile) {
    private static final int DIGEST_BYTES = 32;

    static FeatureHeader of(float[] values, int rows, int width, String profile) {
        return new FeatureHeader(rows, width, digest(values), profile);
    }

    /** Whether the values are those that were meant. */
    boolean describes(float[] values) {
        return Arrays.equals(sha256, digest(values));
    }

    private static byte[] digest(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return new Sha256().bytes(bytes).digest();
    }

    ByteBuffer bytes() {
        byte[] text = profile.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(2 * Integer.BYTES + DIGEST_BYTES + text.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        return bytes.putInt(rows).putInt(width).put(sha256).put(text).flip();
    }

    /**
     * @return null if these bytes are no header
     */
    static FeatureHeader read(ByteBuffer bytes) {
        if (bytes.remaining() < 2 * Integer.BYTES + DIGEST_BYTES) {
            return null;
        }
        int rows = bytes.getInt();
        int width = bytes.getInt();
        byte[] sha256 = new byte[DIGEST_BYTES];
        bytes.get(sha256);
        return new FeatureHeader(
                rows, width, sha256, StandardCharsets.UTF_8.decode(bytes).toString());
    }
}
