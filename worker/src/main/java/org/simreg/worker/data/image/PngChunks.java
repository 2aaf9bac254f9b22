package org.simreg.worker.data.image;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * The chunks of a PNG file. Those that carry no pixels are cut out: colour profiles and gamma don't
 * change what is learnt from, and libpng would print a line about each that it finds odd.
 */
final class PngChunks {
    private static final int HEADER = name("IHDR");
    private static final int PALETTE = name("PLTE");
    private static final int TRANSPARENCY = name("tRNS");
    private static final int DATA = name("IDAT");
    private static final int END = name("IEND");

    private PngChunks() {}

    static ImageHeader header(ByteBuffer file) throws ImageDecoder.UnreadableImage {
        if (file.getInt(12) != HEADER) {
            throw new ImageDecoder.UnreadableImage("its PNG header is missing");
        }
        int width = Integer.reverseBytes(file.getInt(16));
        int height = Integer.reverseBytes(file.getInt(20));
        int depth = file.get(24);
        int colour = file.get(25);
        boolean alpha = (colour & 4) != 0;
        int from = 8;
        int to = 8;
        int chunk = 0;
        while (chunk != END) {
            int data = Integer.reverseBytes(file.getInt(from));
            chunk = file.getInt(from + 4);
            if (data < 0 || data > file.limit() - from - 12) {
                throw new ImageDecoder.UnreadableImage("the file is truncated");
            }
            int length = data + 12;
            if (isNeeded(chunk)) {
                check(file, from, data);
                alpha |= chunk == TRANSPARENCY;
                if (from != to) {
                    file.put(to, file, from, length);
                }
                to += length;
            }
            from += length;
        }
        boolean plain = !alpha && depth <= 8;
        return new ImageHeader(
                plain ? ImageHeader.Kind.COLOUR : ImageHeader.Kind.UNCHANGED, width, height, to);
    }

    private static boolean isNeeded(int chunk) {
        return chunk == HEADER
                || chunk == PALETTE
                || chunk == TRANSPARENCY
                || chunk == DATA
                || chunk == END;
    }

    private static void check(ByteBuffer file, int at, int data)
            throws ImageDecoder.UnreadableImage {
        CRC32 sum = new CRC32();
        sum.update(file.slice(at + 4, data + 4));
        if ((int) sum.getValue() != Integer.reverseBytes(file.getInt(at + 8 + data))) {
            throw new ImageDecoder.UnreadableImage("its PNG data is damaged at byte " + at);
        }
    }

    private static int name(String chunk) {
        return chunk.charAt(0)
                | chunk.charAt(1) << 8
                | chunk.charAt(2) << 16
                | chunk.charAt(3) << 24;
    }
}
