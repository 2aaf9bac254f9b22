package org.simreg.worker.data.image.format;

import java.nio.ByteBuffer;

/**
 * The layout of pixels in a row of raw bytes, with its conversion to RGB as Pillow makes it: alpha is dropped, 16-bit
 * channels keep their upper byte, but grey of more than 8 bits is clipped at 255, as Pillow does.
 *
 * @param bits of a pixel; a row is padded to whole bytes
 * @param conversion of a row
 */
record PixelLayout(int bits, Conversion conversion) {
    /** A conversion of one row of pixels. */
    interface Conversion {
        /**
         * @param raw holds the row
         * @param from where the row starts
         * @param width pixels
         * @param rgb takes three bytes a pixel
         * @param to where they go
         */
        void row(byte[] raw, int from, int width, byte[] rgb, int to);
    }

    /** A value of a pixel in one channel. */
    private interface Sample {
        int at(byte[] raw, int position);
    }

    /** Bytes of a row. */
    int bytes(int width) {
        return Math.toIntExact(((long) width * bits + 7) / 8);
    }

    void row(byte[] raw, int from, int width, byte[] rgb, int to) {
        DamagedImage.throwIfUnwanted();
        conversion.row(raw, from, width, rgb, to);
    }

    /**
     * Grey of 1, 2, 4 or 8 bits, the left pixel in a byte's upper bits; the largest value is white.
     *
     * @param inverted whether the largest value is black
     */
    static PixelLayout grey(int bits, boolean inverted) {
        byte[] table = new byte[3 << bits];
        int scale = 255 / ((1 << bits) - 1);
        for (int i = 0; i < table.length; i++) {
            table[i] = (byte) (inverted ? 255 - i / 3 * scale : i / 3 * scale);
        }
        return palette(bits, table);
    }

    /**
     * Indices of 1, 2, 4 or 8 bits into a table.
     *
     * @param table RGB; what is above it is black
     */
    static PixelLayout palette(int bits, byte[] table) {
        byte[] full = new byte[3 << bits];
        System.arraycopy(table, 0, full, 0, Math.min(table.length, full.length));
        if (bits == 8) {
            return palette(8, 1, full);
        }
        int mask = (1 << bits) - 1;
        return new PixelLayout(bits, (raw, from, width, rgb, to) -> {
            for (int x = 0, bit = 0, o = to; x < width; x++, bit += bits, o += 3) {
                int index = raw[from + (bit >> 3)] >> 8 - bits - (bit & 7) & mask;
                System.arraycopy(full, 3 * index, rgb, o, 3);
            }
        });
    }

    /**
     * Indices of a byte, the first of each pixel's.
     *
     * @param step bytes of a pixel
     * @param table 256 RGB entries
     */
    static PixelLayout palette(int bits, int step, byte[] table) {
        return new PixelLayout(bits * step, (raw, from, width, rgb, to) -> {
            for (int x = 0, i = from, o = to; x < width; x++, i += step, o += 3) {
                int entry = 3 * (raw[i] & 0xff);
                rgb[o] = table[entry];
                rgb[o + 1] = table[entry + 1];
                rgb[o + 2] = table[entry + 2];
            }
        });
    }

    /**
     * Bytes at fixed places of a pixel.
     *
     * @param step bytes of a pixel
     * @param red place of the red byte; of 16-bit channels the upper one
     * @param green place of the green byte
     * @param blue place of the blue byte
     */
    static PixelLayout channels(int step, int red, int green, int blue) {
        return new PixelLayout(8 * step, (raw, from, width, rgb, to) -> {
            for (int x = 0, i = from, o = to; x < width; x++, i += step, o += 3) {
                rgb[o] = raw[i + red];
                rgb[o + 1] = raw[i + green];
                rgb[o + 2] = raw[i + blue];
            }
        });
    }

    /**
     * Premultiplied RGB and alpha, as bytes at fixed places.
     *
     * @param step bytes of a pixel
     * @param channel bytes from one channel to the next
     * @param upper place of the first channel's byte
     */
    static PixelLayout premultiplied(int step, int channel, int upper) {
        return new PixelLayout(8 * step, (raw, from, width, rgb, to) -> {
            for (int x = 0, i = from + upper, o = to; x < width; x++, i += step, o += 3) {
                int alpha = raw[i + 3 * channel] & 0xff;
                for (int c = 0; c < 3; c++) {
                    int value = raw[i + c * channel] & 0xff;
                    rgb[o + c] = (byte) (alpha == 0 || alpha == 255 ? value : Math.min(255, 255 * value / alpha));
                    if (alpha == 0) {
                        rgb[o + c] = 0;
                    }
                }
            }
        });
    }

    /**
     * Cyan, magenta, yellow and black, as bytes at fixed places.
     *
     * @param step bytes of a pixel
     * @param channel bytes from one channel to the next
     * @param upper place of the first channel's byte
     */
    static PixelLayout ink(int step, int channel, int upper) {
        return new PixelLayout(8 * step, (raw, from, width, rgb, to) -> {
            for (int x = 0, i = from + upper, o = to; x < width; x++, i += step, o += 3) {
                int paper = 255 - (raw[i + 3 * channel] & 0xff);
                for (int c = 0; c < 3; c++) {
                    rgb[o + c] = (byte) (paper - scaled(raw[i + c * channel] & 0xff, paper));
                }
            }
        });
    }

    /** a * b / 255, rounded. */
    private static int scaled(int a, int b) {
        int product = a * b + 128;
        return (product >> 8) + product >> 8;
    }

    /** Colours of 5 bits, or 6 of green, in two bytes, little-endian, red on top. */
    static PixelLayout colour16(int greenBits) {
        int greenMask = (1 << greenBits) - 1;
        return new PixelLayout(16, (raw, from, width, rgb, to) -> {
            for (int x = 0, i = from, o = to; x < width; x++, i += 2, o += 3) {
                int pixel = raw[i] & 0xff | (raw[i + 1] & 0xff) << 8;
                rgb[o] = (byte) ((pixel >> 5 + greenBits & 31) * 255 / 31);
                rgb[o + 1] = (byte) ((pixel >> 5 & greenMask) * 255 / greenMask);
                rgb[o + 2] = (byte) ((pixel & 31) * 255 / 31);
            }
        });
    }

    /** Grey of 16 bits, clipped at 255. */
    static PixelLayout wideGrey(boolean bigEndian, boolean signed) {
        int high = bigEndian ? 0 : 1;
        return clipped(2, (raw, i) -> {
            int value = (raw[i + high] & 0xff) << 8 | raw[i + 1 - high] & 0xff;
            return signed ? (short) value : value;
        });
    }

    /** Grey of 12 bits, two pixels in three bytes, clipped at 255. */
    static PixelLayout grey12() {
        return new PixelLayout(12, (raw, from, width, rgb, to) -> {
            for (int x = 0, o = to; x < width; x++, o += 3) {
                int i = from + x / 2 * 3 + x % 2;
                int value = x % 2 == 0
                        ? (raw[i] & 0xff) << 4 | (raw[i + 1] & 0xf0) >> 4
                        : (raw[i] & 0x0f) << 8 | raw[i + 1] & 0xff;
                byte clipped = (byte) Math.min(255, value);
                rgb[o] = clipped;
                rgb[o + 1] = clipped;
                rgb[o + 2] = clipped;
            }
        });
    }

    /** Grey of 32 bits with a sign, clipped to 0 to 255. */
    static PixelLayout integers(boolean bigEndian) {
        return clipped(4, (raw, i) -> word(raw, i, bigEndian));
    }

    /** Grey of 32-bit floats, cut to whole numbers and clipped to 0 to 255. */
    static PixelLayout floats(boolean bigEndian) {
        return clipped(4, (raw, i) -> (int) Float.intBitsToFloat(word(raw, i, bigEndian)));
    }

    private static int word(byte[] raw, int i, boolean bigEndian) {
        int value = raw[i] & 0xff | (raw[i + 1] & 0xff) << 8 | (raw[i + 2] & 0xff) << 16 | raw[i + 3] << 24;
        return bigEndian ? Integer.reverseBytes(value) : value;
    }

    private static PixelLayout clipped(int step, Sample sample) {
        return new PixelLayout(8 * step, (raw, from, width, rgb, to) -> {
            for (int x = 0, i = from, o = to; x < width; x++, i += step, o += 3) {
                byte value = (byte) Math.max(0, Math.min(255, sample.at(raw, i)));
                rgb[o] = value;
                rgb[o + 1] = value;
                rgb[o + 2] = value;
            }
        });
    }

    /**
     * Takes rows that stand one after another in a file, of which the last needs no padding.
     *
     * @param file the whole file, from 0 to its limit
     * @param from where the first row starts
     * @param stride bytes from one row to the next; 0 if there is no padding
     * @param upwards whether the lowest row comes first
     * @param rgb takes the pixels
     */
    void rows(ByteBuffer file, long from, long stride, boolean upwards, byte[] rgb, int width, int height)
            throws DamagedImage {
        int bytes = bytes(width);
        DamagedImage.require(stride == 0 || stride >= bytes, "its rows are shorter than its width");
        long step = stride == 0 ? bytes : stride;
        byte[] row = new byte[bytes];
        for (int y = 0; y < height; y++) {
            long at = from + y * step;
            if (at + bytes > file.limit()) {
                throw DamagedImage.truncated();
            }
            file.get((int) at, row);
            row(row, 0, width, rgb, 3 * width * (upwards ? height - 1 - y : y));
        }
    }
}
