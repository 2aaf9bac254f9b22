package org.simreg.worker.data.image.format;

import java.util.Arrays;

/**
 * What a TIFF file says of its pixels, with the layout that Pillow takes them for; other combinations are refused, as
 * there.
 *
 * @param photometric the meaning of the samples
 * @param bits of a sample
 * @param samples of a pixel
 * @param reversed whether the bits of each byte are turned around
 * @param pixels the layout of interleaved samples
 */
record TiffLayout(int photometric, int bits, int samples, boolean reversed, PixelLayout pixels) {
    private static final int MAX_SAMPLES = 6;
    private static final String UNKNOWN = "its pixels are of a kind that Pillow doesn't read either";

    static TiffLayout of(TiffDirectory tags, int compression) throws DamagedImage {
        int photometric = (int) tags.value(TiffDirectory.PHOTOMETRIC, 0);
        long[] formats = tags.values(TiffDirectory.SAMPLE_FORMAT);
        int format = formats.length == 0 ? 1 : (int) formats[0];
        for (long other : formats) {
            DamagedImage.require(other == format, UNKNOWN);
        }
        long fill = tags.value(TiffDirectory.FILL_ORDER, 1);
        DamagedImage.require(fill == 1 || fill == 2, UNKNOWN);
        long[] extra = tags.values(TiffDirectory.EXTRA_SAMPLES);
        long[] bits = tags.has(TiffDirectory.BITS) ? tags.values(TiffDirectory.BITS) : new long[] {1};
        long samples = tags.value(TiffDirectory.SAMPLES, 1);
        boolean planes = tags.value(TiffDirectory.PLANES, 1) == 2;
        if (planes && extra.length > 0 && Arrays.stream(extra).max().getAsLong() == 0) {
            bits = Arrays.copyOf(bits, Math.max(0, bits.length - extra.length));
            samples -= extra.length;
            extra = new long[0];
        }
        DamagedImage.require(samples >= 1 && samples <= MAX_SAMPLES && bits.length > 0, UNKNOWN);
        DamagedImage.require(bits.length >= samples || bits.length == 1, UNKNOWN);
        for (int i = 1; i < Math.min(bits.length, samples); i++) {
            DamagedImage.require(bits[i] == bits[0], UNKNOWN);
        }
        Kind kind = new Kind(
                photometric,
                format,
                fill == 2,
                (int) bits[0],
                (int) samples,
                extra,
                tags.isBigEndian(),
                compression != 1);
        return new TiffLayout(photometric, kind.bits, kind.samples, fill == 2, kind.layout(tags));
    }

    /** The values that decide the layout together. */
    private record Kind(
            int photometric,
            int format,
            boolean reversed,
            int bits,
            int samples,
            long[] extra,
            boolean bigEndian,
            boolean packed) {

        PixelLayout layout(TiffDirectory tags) throws DamagedImage {
            boolean plain = format == 1;
            PixelLayout layout = switch (photometric) {
                case 0, 1 -> grey();
                case 2 -> plain ? colours() : null;
                case 3 -> plain ? palette(tags) : null;
                case 5 -> plain ? ink() : null;
                case 6 -> plain && !reversed && bits == 8 ? luminance() : null;
                case 8 -> throw new DamagedImage("L*a*b* colours aren't read");
                default -> null;
            };
            DamagedImage.require(layout != null, UNKNOWN);
            return layout;
        }

        private PixelLayout grey() {
            boolean white = photometric == 0;
            if (samples == 2) {
                boolean alpha = extra.length == 1 && extra[0] == 2;
                return !white && alpha && bits == 8 && format == 1 && !reversed
                        ? PixelLayout.channels(2, 0, 0, 0)
                        : null;
            } else if (samples != 1 || extra.length > 0) {
                return null;
            }
            return bits <= 8 ? narrowGrey(white) : wideGrey(white);
        }

        private PixelLayout narrowGrey(boolean white) {
            boolean signed = format == 2 && bits == 8 && !white && !reversed;
            boolean known = bits == 1 || bits == 2 || bits == 4 || bits == 8;
            return known && (format == 1 || signed) ? PixelLayout.grey(bits, white) : null;
        }

        private PixelLayout wideGrey(boolean white) {
            // libtiff gives a packed file's samples in this machine's order, which Pillow then takes for the file's.
            boolean swapped = bigEndian && !packed;
            if (bits == 12) {
                return format == 1 && !white && !bigEndian && !reversed ? PixelLayout.grey12() : null;
            } else if (bits == 16 && format == 1) {
                return white && (bigEndian || reversed) || reversed && bigEndian
                        ? null
                        : PixelLayout.wideGrey(bigEndian, false);
            } else if (reversed) {
                return null;
            } else if (bits == 16 && format == 2 && !white) {
                return PixelLayout.wideGrey(swapped, true);
            } else if (bits == 32 && format == 3) {
                return PixelLayout.floats(swapped);
            }
            boolean integer = bits == 32 && !white && (format == 2 || format == 1 && !bigEndian);
            return integer ? PixelLayout.integers(swapped) : null;
        }

        private PixelLayout colours() {
            if (reversed && !(bits == 8 && samples == 3 && extra.length == 0) || bits != 8 && bits != 16) {
                return null;
            }
            int size = bits / 8;
            int upper = bigEndian ? 0 : size - 1;
            boolean zeros = Arrays.stream(extra).skip(1).allMatch(value -> value == 0);
            long first = extra.length == 0 ? -1 : extra[0];
            boolean fits = samples == 3 + extra.length || samples == 4 && extra.length == 0;
            boolean known =
                    first == -1 || first == 0 || first == 1 || first == 2 || first == 999 && bits == 8 && samples == 4;
            if (!fits || !zeros || !known || bits == 16 && samples > 4) {
                return null;
            }
            return first == 1
                    ? PixelLayout.premultiplied(samples * size, size, upper)
                    : PixelLayout.channels(samples * size, upper, upper + size, upper + 2 * size);
        }

        private PixelLayout palette(TiffDirectory tags) throws DamagedImage {
            boolean one = samples == 1 && extra.length == 0 && (bits == 1 || bits == 2 || bits == 4 || bits == 8);
            boolean two =
                    samples == 2 && extra.length == 1 && (extra[0] == 0 || extra[0] == 2) && bits == 8 && !reversed;
            // Pillow has no layout of indices below a byte whose bits are turned around.
            if (!one && !two || reversed && !packed && bits < 8) {
                return null;
            }
            long[] colours = tags.values(TiffDirectory.COLOURS);
            int count = colours.length / 3;
            DamagedImage.require(colours.length > 0 && count <= 256, "its palette is missing or too long");
            byte[] table = new byte[768];
            for (int i = 0; i < count; i++) {
                for (int c = 0; c < 3; c++) {
                    table[3 * i + c] = (byte) (colours[c * count + i] >> 8);
                }
            }
            return one ? PixelLayout.palette(bits, table) : PixelLayout.palette(8, 2, table);
        }

        private PixelLayout ink() {
            boolean zeros = Arrays.stream(extra).allMatch(value -> value == 0);
            boolean known = bits == 8 && zeros || bits == 16 && extra.length == 0;
            if (reversed || !known || samples != 4 + extra.length) {
                return null;
            }
            int size = bits / 8;
            return PixelLayout.ink(samples * size, size, bigEndian ? 0 : size - 1);
        }

        /** Of three channels: what Pillow takes unpacked ones for. */
        private PixelLayout luminance() {
            if (samples == 1 && extra.length == 0) {
                return PixelLayout.grey(8, false);
            }
            return samples == 3 && extra.length == 0 ? PixelLayout.channels(4, 0, 1, 2) : null;
        }
    }
}
