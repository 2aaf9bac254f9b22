package org.simreg.worker.data.image;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * The header of an image file: what it says of the image before anything is decoded. The content
 * decides, not the file's name.
 *
 * @param kind the format
 * @param width in pixels
 * @param height in pixels
 * @param bytes how much of the file the decoder needs
 */
record ImageHeader(Kind kind, int width, int height, int bytes) {
    /** The way in which a file has to be decoded. */
    enum Kind {
        /** OpenCV gives RGB. */
        COLOUR,
        /** OpenCV gives what the file has: alpha, 16 bits. */
        UNCHANGED,
        /** A JPEG of four channels. */
        CMYK,
        /** A GIF file, for a decoder of our own. */
        GIF
    }

    /**
     * Reads the header, and refuses files that are cut short.
     *
     * @param file the whole file, little-endian, from 0 to its limit; of a PNG, the chunks that no
     *     decoder needs are cut out in place
     */
    static ImageHeader of(ByteBuffer file) throws ImageDecoder.UnreadableImage {
        if (file.limit() == 0) {
            throw new ImageDecoder.UnreadableImage("the file is empty");
        }
        if (file.limit() < 16) {
            throw new ImageDecoder.UnreadableImage("the file has only " + file.limit() + " bytes");
        }
        int start = file.getInt(0);
        try {
            if ((start & 0xffffff) == 0xffd8ff) {
                return JpegMarkers.header(file);
            } else if (start == 0x474e5089) {
                return PngChunks.header(file);
            } else if (start == 0x46464952 && file.getInt(8) == 0x50424557) {
                return webp(file);
            } else if (start == 0x38464947) {
                int size = file.getInt(6);
                return new ImageHeader(Kind.GIF, size & 0xffff, size >>> 16, file.limit());
            } else if ((start & 0xffff) == 0x4d42) {
                return bmp(file);
            }
        } catch (IndexOutOfBoundsException e) {
            throw new ImageDecoder.UnreadableImage("the file is truncated");
        }
        throw new ImageDecoder.UnreadableImage("the content is no JPEG, PNG, WebP, GIF or BMP image");
    }

    /**
     * This header.
     *
     * @throws ImageDecoder.UnreadableImage if the image has no pixels, or more than allowed
     */
    ImageHeader withinPixels(long maxPixels) throws ImageDecoder.UnreadableImage {
        if (width <= 0 || height <= 0) {
            throw new ImageDecoder.UnreadableImage("its size is " + width + " x " + height);
        }
        if ((long) width * height > maxPixels) {
            throw new ImageDecoder.UnreadableImage(
                    "its size is %d x %d, above the limit of %d pixels".formatted(width, height, maxPixels));
        }
        return this;
    }

    private static ImageHeader webp(ByteBuffer file) throws ImageDecoder.UnreadableImage {
        if (Integer.toUnsignedLong(file.getInt(4)) + 8 > file.limit()) {
            throw new ImageDecoder.UnreadableImage("the file is truncated");
        }
        int bytes = file.limit();
        switch (file.getInt(12)) {
            case 0x20385056: // "VP8 "
                int size = file.getInt(26);
                return new ImageHeader(Kind.COLOUR, size & 0x3fff, size >>> 16 & 0x3fff, bytes);
            case 0x4c385056: // "VP8L"
                int packed = file.getInt(21);
                int width = (packed & 0x3fff) + 1;
                return new ImageHeader(Kind.UNCHANGED, width, (packed >>> 14 & 0x3fff) + 1, bytes);
            case 0x58385056: // "VP8X"
                int across = (file.getInt(24) & 0xffffff) + 1;
                return new ImageHeader(Kind.UNCHANGED, across, (file.getInt(26) >>> 8) + 1, bytes);
            default:
                throw new ImageDecoder.UnreadableImage("its first WebP chunk is unknown");
        }
    }

    private static ImageHeader bmp(ByteBuffer file) throws ImageDecoder.UnreadableImage {
        if (file.getInt(14) == 12) {
            return new ImageHeader(Kind.COLOUR, file.getShort(18), file.getShort(20), file.limit());
        }
        int width = file.getInt(18);
        int height = Math.abs(file.getInt(22));
        long row = ((long) width * file.getShort(28) + 31) / 32 * 4;
        int compression = file.getInt(30);
        boolean raw = compression == 0 || compression == 3;
        if (raw && file.getInt(10) + row * height > file.limit()) {
            throw new ImageDecoder.UnreadableImage("the file is truncated");
        }
        return new ImageHeader(Kind.COLOUR, width, height, file.limit());
    }

    /**
     * The chunks of a PNG file. Those that carry no pixels are cut out: colour profiles and gamma
     * don't change what is learnt from, and libpng would print a line about each that it finds odd.
     */
    private static final class PngChunks {
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
            return new ImageHeader(plain ? ImageHeader.Kind.COLOUR : ImageHeader.Kind.UNCHANGED, width, height, to);
        }

        private static boolean isNeeded(int chunk) {
            return chunk == HEADER || chunk == PALETTE || chunk == TRANSPARENCY || chunk == DATA || chunk == END;
        }

        private static void check(ByteBuffer file, int at, int data) throws ImageDecoder.UnreadableImage {
            CRC32 sum = new CRC32();
            sum.update(file.slice(at + 4, data + 4));
            if ((int) sum.getValue() != Integer.reverseBytes(file.getInt(at + 8 + data))) {
                throw new ImageDecoder.UnreadableImage("its PNG data is damaged at byte " + at);
            }
        }

        private static int name(String chunk) {
            return chunk.charAt(0) | chunk.charAt(1) << 8 | chunk.charAt(2) << 16 | chunk.charAt(3) << 24;
        }
    }
}
