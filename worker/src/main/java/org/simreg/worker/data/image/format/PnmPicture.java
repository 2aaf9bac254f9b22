package org.simreg.worker.data.image.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.regex.Pattern;

/** A portable bitmap, greymap, pixmap or float map: P1 to P6 and Pf. */
public final class PnmPicture {
    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d+(_\\d+)*");
    private static final Pattern REAL = Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
    private static final int MAX_TOKEN = 10;

    private final ByteBuffer file;
    private int at = 3;

    private PnmPicture(ByteBuffer file) {
        this.file = file;
    }

    /**
     * Decodes a file.
     *
     * @param file the whole file, from 0 to its limit
     */
    public static void decode(ByteBuffer file, Canvas canvas) throws IOException {
        DamagedImage.require(isSpace(file.get(2)), "its header is damaged");
        new PnmPicture(file).read((char) file.get(1), canvas);
    }

    private void read(char kind, Canvas canvas) throws IOException {
        long width = integer(token());
        long height = integer(token());
        int maxValue = 1;
        boolean bigEndian = false;
        if (kind == 'f') {
            bigEndian = !isLittleEndian(token());
        } else if (kind != '1' && kind != '4') {
            long largest = integer(token());
            DamagedImage.require(largest > 0 && largest < 65536, "its largest value is " + largest);
            maxValue = (int) largest;
        }
        byte[] rgb = canvas.room(width, height, 0);
        int across = (int) width;
        int down = (int) height;
        switch (kind) {
            case '1' -> bits(rgb, across * down);
            case '2', '3' -> numbers(rgb, across * down, kind == '3' ? 3 : 1, maxValue);
            case '4' -> PixelLayout.grey(1, true).rows(file, at, 0, false, rgb, across, down);
            case 'f' -> PixelLayout.floats(bigEndian).rows(file, at, 0, true, rgb, across, down);
            default -> values(kind == '6' ? 3 : 1, maxValue).rows(file, at, 0, false, rgb, across, down);
        }
    }

    private static boolean isLittleEndian(String scale) throws DamagedImage {
        String digits = scale.replaceAll("(?<=\\d)_(?=\\d)", "");
        DamagedImage.require(REAL.matcher(digits).matches(), "its scale is no number");
        double value = Double.parseDouble(digits);
        DamagedImage.require(value != 0 && !Double.isInfinite(value), "its scale is 0 or infinite");
        return value < 0;
    }

    private static PixelLayout values(int channels, int maxValue) {
        int bytes = maxValue < 256 ? 1 : 2;
        byte[] scaled = scaled(channels, maxValue);
        int last = scaled.length - 1;
        return new PixelLayout(8 * bytes * channels, (raw, from, width, rgb, to) -> {
            for (int x = 0, i = from, o = to; x < width; x++) {
                for (int c = 0; c < 3; c++, o++) {
                    int value = raw[i] & 0xff;
                    value = bytes == 2 ? value << 8 | raw[i + 1] & 0xff : value;
                    rgb[o] = scaled[Math.min(value, last)];
                    i += channels == 3 || c == 2 ? bytes : 0;
                }
            }
        });
    }

    /**
     * The bytes of values up to the largest: their share of 255; but for grey of more than a byte their share of 65,535,
     * clipped at 255.
     */
    private static byte[] scaled(int channels, int maxValue) {
        boolean wide = channels == 1 && maxValue > 255;
        int full = wide ? 65535 : 255;
        byte[] scaled = new byte[maxValue + 1];
        for (int i = 0; i <= maxValue; i++) {
            scaled[i] = (byte) Math.min(255, (int) Math.rint((double) i / maxValue * full));
        }
        return scaled;
    }

    private void bits(byte[] rgb, int pixels) throws DamagedImage {
        int pixel = 0;
        for (int c = data(); c >= 0; c = data()) {
            if (!isSpace(c)) {
                DamagedImage.require(c == '0' || c == '1', "its data holds other digits than 0 and 1");
                for (int i = 0; i < 3 && pixel < pixels; i++) {
                    rgb[3 * pixel + i] = (byte) (c == '0' ? 255 : 0);
                }
                pixel++;
            }
        }
        if (pixel < pixels) {
            throw DamagedImage.truncated();
        }
    }

    private void numbers(byte[] rgb, int pixels, int channels, int maxValue) throws DamagedImage {
        byte[] scaled = scaled(channels, maxValue);
        int all = pixels * channels;
        StringBuilder token = new StringBuilder();
        for (int sample = 0; sample < all; sample++) {
            if (sample % 1024 == 0) {
                DamagedImage.throwIfUnwanted();
            }
            int c = data();
            while (c >= 0 && isSpace(c)) {
                c = data();
            }
            token.setLength(0);
            while (c >= 0 && !isSpace(c)) {
                token.append((char) c);
                DamagedImage.require(token.length() <= MAX_TOKEN, "a number in it is too long");
                c = data();
            }
            if (token.length() == 0) {
                throw DamagedImage.truncated();
            }
            long value = integer(token.toString());
            DamagedImage.require(value >= 0 && value <= maxValue, "a value in it is " + value + " of " + maxValue);
            for (int i = 0; i < 3 / channels; i++) {
                rgb[3 / channels * sample + i] = scaled[(int) value];
            }
        }
    }

    /** The next character that is in no comment; -1 at the end. */
    private int data() {
        if (at >= file.limit()) {
            return -1;
        }
        int c = file.get(at++) & 0xff;
        while (c == '#') {
            while (c != '\n' && c != '\r') {
                if (at >= file.limit()) {
                    return -1;
                }
                c = file.get(at++) & 0xff;
            }
            if (at >= file.limit()) {
                return -1;
            }
            c = file.get(at++) & 0xff;
        }
        return c;
    }

    private String token() throws DamagedImage {
        StringBuilder token = new StringBuilder();
        while (token.length() <= MAX_TOKEN && at < file.limit()) {
            int c = file.get(at++) & 0xff;
            if (c == '#') {
                while (at < file.limit() && c != '\n' && c != '\r') {
                    c = file.get(at++) & 0xff;
                }
            } else if (!isSpace(c)) {
                token.append((char) c);
            } else if (token.length() > 0) {
                break;
            }
        }
        DamagedImage.require(token.length() > 0, "its header ends early");
        DamagedImage.require(token.length() <= MAX_TOKEN, "a number in its header is too long");
        return token.toString();
    }

    private static long integer(String token) throws DamagedImage {
        DamagedImage.require(INTEGER.matcher(token).matches(), "it holds a number that is none");
        return Long.parseLong(token.replace("_", ""));
    }

    private static boolean isSpace(int c) {
        return c == ' ' || c >= '\t' && c <= '\r';
    }
}
