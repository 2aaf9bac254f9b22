package org.simreg.bench.attack.picture;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A lossless WebP file in which each block of 4 x 4 pixels has tables of codes of its own, 65,536 at most. */
final class WebpTables {
    private static final int BYTE = 8;
    private static final int GREEN = 280;
    private static final int RED = 256;

    /** The order in which the format gives the lengths of the codes of lengths. */
    private static final int[] ORDER = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8};

    private final int side;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int current;
    private int count;

    /**
     * @param side in pixels, a multiple of 4
     */
    WebpTables(int side) {
        this.side = side;
    }

    ByteString file() {
        put(0x2f, BYTE);
        put(side - 1, 14);
        put(side - 1, 14);
        // Version 0 without alpha, no transform, no cache of colours; a picture says which tables a block has.
        put(0, 6);
        put(1, 1);
        put(0, 3);
        put(0, 1);
        equalCodes(GREEN);
        equalCodes(RED);
        for (int i = 0; i < 3; i++) {
            single();
        }
        int blocks = side / 4 * (side / 4);
        for (int i = 0; i < blocks; i++) {
            code(i & 0xff);
            code(i >> BYTE & 0xff);
        }
        for (int i = 0; i < 5 * Math.min(1 << 16, blocks); i++) {
            single();
        }
        put(0, BYTE);
        byte[] data = bytes.toByteArray();
        ByteBuffer file =
                ByteBuffer.allocate(20 + data.length + (data.length & 1)).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(file.capacity() - 8);
        file.put("WEBPVP8L".getBytes(StandardCharsets.US_ASCII))
                .putInt(data.length)
                .put(data);
        return ByteString.copyFrom(file.array());
    }

    private void put(int value, int bits) {
        for (int i = 0; i < bits; i++) {
            current |= (value >> i & 1) << count++;
            if (count == BYTE) {
                bytes.write(current);
                current = 0;
                count = 0;
            }
        }
    }

    /** 256 codes of 8 bits for the first symbols of an alphabet. */
    private void equalCodes(int alphabet) {
        put(0, 1);
        put(ORDER.length - 4, 4);
        for (int length : ORDER) {
            put(length == 0 || length == BYTE ? 1 : 0, 3);
        }
        put(0, 1);
        for (int i = 0; i < alphabet; i++) {
            put(i < RED ? 1 : 0, 1);
        }
    }

    /** One code without bits. */
    private void single() {
        put(1, 4);
    }

    private void code(int value) {
        put(Integer.reverse(value) >>> Integer.SIZE - BYTE, BYTE);
    }
}
