package org.simreg.worker.data;

/** Pillow's changes of colour, in place on interleaved RGB bytes, to the bit. */
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
            for (int c = i; c < i + 3; c++) {
                rgb[c] = blend(grey, rgb[c] & 0xff, factor);
            }
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

    /**
     * Turns the hue in Pillow's HSV bytes.
     *
     * @param factor part of a whole turn, from -0.5 to 0.5
     */
    static void hue(byte[] rgb, int length, double factor) {
        int shift = (int) (factor * 255);
        for (int i = 0; i < length; i += 3) {
            turn(rgb, i, shift);
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
        float mixed = from + factor * (to - from);
        return (byte) (mixed <= 0 ? 0 : mixed >= 255 ? 255 : (int) mixed);
    }

    private static int luma(byte[] rgb, int i) {
        int red = rgb[i] & 0xff;
        int green = rgb[i + 1] & 0xff;
        int blue = rgb[i + 2] & 0xff;
        return red * 19595 + green * 38470 + blue * 7471 + 0x8000 >> 16;
    }

    private static void turn(byte[] rgb, int i, int shift) {
        int red = rgb[i] & 0xff;
        int green = rgb[i + 1] & 0xff;
        int blue = rgb[i + 2] & 0xff;
        int value = Math.max(red, Math.max(green, blue));
        float range = value - Math.min(red, Math.min(green, blue));
        if (range == 0) {
            return;
        }
        int saturation = (int) (range / value * 255.0);
        int hue = hue(red, green, blue, value, range) + shift & 0xff;
        store(rgb, i, hue, saturation, value);
    }

    /** The mixture of float and double is Pillow's, and decides the last bit. */
    private static int hue(int red, int green, int blue, int value, float range) {
        float r = (value - red) / range;
        float g = (value - green) / range;
        float b = (value - blue) / range;
        float sector;
        if (red == value) {
            sector = b - g;
        } else if (green == value) {
            sector = (float) (2.0 + r - b);
        } else {
            sector = (float) (4.0 + g - r);
        }
        float turn = (float) ((sector / 6.0 + 1.0) % 1.0);
        return (int) (turn * 255.0);
    }

    private static void store(byte[] rgb, int i, int hue, int saturation, int value) {
        if (saturation == 0) {
            set(rgb, i, value, value, value);
            return;
        }
        double position = hue * 6.0 / 255.0;
        int sector = (int) position;
        float f = (float) (position - sector);
        float s = (float) (saturation / 255.0);
        int low = (int) (value * (1.0 - s) + 0.5);
        int falling = (int) (value * (1.0 - s * f) + 0.5);
        int rising = (int) (value * (1.0 - s * (1.0 - f)) + 0.5);
        switch (sector % 6) {
            case 0 -> set(rgb, i, value, rising, low);
            case 1 -> set(rgb, i, falling, value, low);
            case 2 -> set(rgb, i, low, value, rising);
            case 3 -> set(rgb, i, low, falling, value);
            case 4 -> set(rgb, i, rising, low, value);
            default -> set(rgb, i, value, low, falling);
        }
    }

    private static void set(byte[] rgb, int i, int red, int green, int blue) {
        rgb[i] = (byte) red;
        rgb[i + 1] = (byte) green;
        rgb[i + 2] = (byte) blue;
    }
}
