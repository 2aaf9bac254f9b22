package org.simreg.worker.data.image;

import java.nio.ByteBuffer;

/**
 * The header of a WebP file.
 *
 * @param width in pixels
 * @param height in pixels
 * @param lossy whether it is a lossy picture without alpha, of which the decoder holds no more than the pixels
 * @param start of the file to decode: a simple one where the picture's chunk is all that matters
 * @param end where it ends
 */
record WebpHeader(int width, int height, boolean lossy, int start, int end) {
    /** Bytes of the tables of one group of codes; a lossless picture of any size may have a group for each few pixels. */
    private static final long GROUP_BYTES = 10 << 10;

    private static final int MOST_GROUPS = 1 << 16;
    private static final int LEAST_GROUP_PIXELS = 16;
    private static final int LEAST_GROUP_BITS = 20;

    private static final int LOSSY = 0x20385056;
    private static final int LOSSLESS = 0x4c385056;
    private static final int EXTENDED = 0x58385056;
    private static final int CHUNK = 8;
    private static final int RIFF = 12;

    /**
     * Reads the header, and refuses files that are cut short.
     *
     * @param file the whole file, little-endian, from 0 to its limit; a chunk's header may be written before it
     */
    static WebpHeader of(ByteBuffer file) throws ImageDecoder.UnreadableImage {
        long length = Integer.toUnsignedLong(file.getInt(4)) + CHUNK;
        if (length > file.limit() || length < RIFF + CHUNK) {
            throw new ImageDecoder.UnreadableImage("the file is truncated");
        }
        int end = (int) length;
        switch (file.getInt(RIFF)) {
            case LOSSY:
                int size = file.getInt(26);
                return new WebpHeader(size & 0x3fff, size >>> 16 & 0x3fff, true, 0, end);
            case LOSSLESS:
                int packed = file.getInt(21);
                return new WebpHeader((packed & 0x3fff) + 1, (packed >>> 14 & 0x3fff) + 1, false, 0, end);
            case EXTENDED:
                int width = (file.getInt(24) & 0xffffff) + 1;
                int height = (file.getInt(26) >>> 8) + 1;
                int start = simple(file, end);
                return new WebpHeader(width, height, start > 0, start, end);
            default:
                throw new ImageDecoder.UnreadableImage("its first chunk is unknown");
        }
    }

    /**
     * Bytes that a decoder holds outside the heap: four a pixel in the library's own picture, as many in ours and, of one
     * that isn't lossy and may be animated, in the frame before; and the tables of its codes. The largest wait for all others.
     */
    long workspace() {
        long pixels = (long) width * height;
        if (lossy) {
            return 8 * pixels;
        }
        long groups = Math.min(pixels / LEAST_GROUP_PIXELS, 8L * (end - start) / LEAST_GROUP_BITS);
        return Math.min(PictureMemory.MOST_LIBRARIES, 12 * pixels + GROUP_BYTES * Math.min(MOST_GROUPS, 1 + groups));
    }

    /** Checks that all chunks are whole; returns where a simple file starts if the picture is one without alpha. */
    private static int simple(ByteBuffer file, int end) throws ImageDecoder.UnreadableImage {
        long picture = 0;
        long length = 0;
        boolean plain = true;
        long at = RIFF;
        while (at < end) {
            long size = at + CHUNK > end ? end : Integer.toUnsignedLong(file.getInt((int) at + 4));
            long next = at + CHUNK + size + (size & 1);
            if (next > end) {
                throw new ImageDecoder.UnreadableImage("the file is truncated");
            }
            int name = file.getInt((int) at);
            if (name == LOSSY && picture == 0) {
                picture = at;
                length = next - at;
            }
            plain &= name != 0x48504c41 && name != 0x464d4e41;
            at = next;
        }
        if (!plain || picture == 0) {
            return 0;
        }
        int start = (int) picture - RIFF;
        file.putInt(start, 0x46464952).putInt(start + 4, (int) length + 4).putInt(start + CHUNK, 0x50424557);
        return start;
    }
}
