package org.simreg.worker.data;

/** Pillow's changes of light and saturation, in place on interleaved RGB bytes, to the bit. */
final class Colours {
    private Colours() {}

    /** Towards black below 1, away from it above. */
    static void brightness(byte[] rgb, int length, float factor) {
        awayFrom(0, rgb, length, factor);
    }

    /** Towards the picture's mean grey below 1, away from it above. */
    static void contrast(byte[] rgb, int length, float factor) {
        long sum = 0;
        for (int i = 0; i < length; i += 3) {
            sum += luma(rgb, i);
        }
        awayFrom((int) (sum / (length / 3.0) + 0.5), rgb, length, factor);
    }

    /** Towards grey below 1, away from it above. */
    static void saturation(byte[] rgb, int length, float factor) {
        for (int i = 0; i < length; i += 3) {
            int grey = luma(rgb, i);
            rgb[i] = blend(grey, rgb[i] & 0xff, factor);
            rgb[i + 1] = blend(grey, rgb[i + 1] & 0xff, factor);
            rgb[i + 2] = blend(grey, rgb[i + 2] & 0xff, factor);
        }
    }

    /** Every pixel its luma. */
    static void grey(byte[] rgb, int length) {
        for (int i = 0; i < length; i += 3) {
            byte grey = (byte) luma(rgb, i);
            rgb[i] = grey;
            rgb[i + 1] = grey;
            rgb[i + 2] = grey;
        }
    }

    private static void awayFrom(int level, byte[] rgb, int length, float factor) {
        byte[] table = new byte[256];
        for (int v = 0; v < 256; v++) {
            table[v] = blend(level, v, factor);
        }
        for (int i = 0; i < length; i++) {
            rgb[i] = table[rgb[i] & 0xff];
        }
    }

    private static byte blend(int from, int to, float factor) {
        int mixed = (int) (from + factor * (to - from));
        return (byte) Math.max(0, Math.min(255, mixed));
    }

    private static int luma(byte[] rgb, int i) {
        int red = rgb[i] & 0xff;
        int green = rgb[i + 1] & 0xff;
        int blue = rgb[i + 2] & 0xff;
        return red * 19595 + green * 38470 + blue * 7471 + 0x8000 >> 16;
    }
}
