package org.simreg.worker.data;

/** Pictures with grey or alpha channels, or 16 bits, as RGB bytes over white. */
final class Flat {
    private Flat() {}

    /**
     * @param raw interleaved channels: grey, grey and alpha, BGR, or BGR and alpha
     * @param channels 1 to 4
     * @param width bytes a channel; of two, little-endian, the upper one is taken
     * @param into takes the picture; has its size already
     */
    static void overWhite(byte[] raw, int channels, int width, Pixels into) {
        boolean colour = channels > 2;
        boolean alpha = channels % 2 == 0;
        int step = channels * width;
        int upper = width - 1;
        int end = 3 * into.width * into.height;
        for (int o = 0, i = upper; o < end; o += 3, i += step) {
            int opacity = alpha ? raw[i + (channels - 1) * width] & 0xff : 255;
            for (int c = 0; c < 3; c++) {
                int value = raw[i + (colour ? (2 - c) * width : 0)] & 0xff;
                into.rgb[o + c] = (byte) over(value, opacity);
            }
        }
    }

    /**
     * Pillow's alpha composite over white: (value * alpha + 255 * (255 - alpha)) / 255, rounded in
     * its way.
     */
    private static int over(int value, int alpha) {
        if (alpha == 0) {
            return 255;
        }
        int sum = (value * alpha + 255 * (255 - alpha) << 7) + (0x80 << 7);
        return (sum >> 8) + sum >> 8 >> 7;
    }
}
