package org.simreg.worker.data.view;

/**
 * The changes of light and colour as Pillow makes them, to the bit: in place on interleaved RGB
 * bytes.
 */
final class ColourChanges {
    /** Of a hue byte: the sixth of the circle, and the place in it. */
    private static final int[] SECTOR = new int[256];

    private static final float[] PLACE = new float[256];
    private static final float[] PART = new float[256];

    /**
     * Where red, green and blue are among (low, falling, rising, value), as shifts, for every sixth
     * of the circle.
     */
    private static final int[] RED = {24, 8, 0, 0, 16, 24, 24};

    private static final int[] GREEN = {16, 24, 24, 8, 0, 0, 16};
    private static final int[] BLUE = {0, 0, 16, 24, 24, 8, 0};

    static {
        for (int i = 0; i < 256; i++) {
            double position = i * 6.0 / 255.0;
            SECTOR[i] = (int) position;
            PLACE[i] = (float) (position - SECTOR[i]);
            PART[i] = (float) (i / 255.0);
        }
    }

    private ColourChanges() {}

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

    /**
     * Pillow's change of hue: to HSV bytes, a shift, and back. The mixture of float and double is
     * Pillow's, and decides the last bit; which channel is the largest decides nothing about the
     * path taken, because a wrong guess of the processor costs more than the arithmetic.
     *
     * @param factor part of a whole turn, from -0.5 to 0.5
     */
    static void hue(byte[] rgb, int length, double factor) {
        int shift = (int) (factor * 255);
        for (int i = 0; i < length; i += 3) {
            int red = rgb[i] & 0xff;
            int green = rgb[i + 1] & 0xff;
            int blue = rgb[i + 2] & 0xff;
            int value = Math.max(red, Math.max(green, blue));
            int range = value - Math.min(red, Math.min(green, blue));
            if (range > 0) {
                int saturation = (int) ((float) range / value * 255.0);
                store(rgb, i, hueOf(red, green, blue, value, range) + shift & 0xff, saturation, value);
            }
        }
    }

    private static int hueOf(int red, int green, int blue, int value, float range) {
        boolean isRed = red == value;
        boolean isGreen = green == value;
        double base = isRed ? 0.0 : isGreen ? 2.0 : 4.0;
        int plus = value - (isRed ? blue : isGreen ? red : green);
        int minus = value - (isRed ? green : isGreen ? blue : red);
        float sector = (float) (base + plus / range - minus / range);
        double turns = sector / 6.0 + 1.0;
        float turn = (float) (turns < 1.0 ? turns : turns - 1.0);
        return (int) (turn * 255.0);
    }

    private static void store(byte[] rgb, int i, int hue, int saturation, int value) {
        float place = PLACE[hue];
        float part = PART[saturation];
        int low = (int) (value * (1.0 - part) + 0.5);
        int falling = (int) (value * (1.0 - part * place) + 0.5);
        int rising = (int) (value * (1.0 - part * (1.0 - place)) + 0.5);
        int all = low | falling << 8 | rising << 16 | value << 24;
        int sector = SECTOR[hue];
        rgb[i] = (byte) (all >>> RED[sector]);
        rgb[i + 1] = (byte) (all >>> GREEN[sector]);
        rgb[i + 2] = (byte) (all >>> BLUE[sector]);
    }
}
