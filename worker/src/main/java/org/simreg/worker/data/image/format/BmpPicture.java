package org.simreg.worker.data.image.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;

/** A Windows bitmap: 1 to 32 bits a pixel, raw or run-length coded. */
public final class BmpPicture {
    /** Bytes of a file ahead of the header proper. */
    static final int FILE_HEADER = 14;

    private static final Set<Integer> HEADERS = Set.of(12, 40, 52, 56, 64, 108, 124);
    private static final int RAW = 0;
    private static final int RUNS_8 = 1;
    private static final int RUNS_4 = 2;
    private static final int BIT_FIELDS = 3;

    /** Masks of red, green, blue and alpha that Pillow knows, with the places of the three colours. */
    private static final Map<String, int[]> MASKS = Map.of(
            "ff0000 ff00 ff 0", new int[] {2, 1, 0},
            "ff000000 ff0000 ff00 0", new int[] {3, 2, 1},
            "ff000000 ff00 ff 0", new int[] {3, 1, 0},
            "ff000000 ff0000 ff00 ff", new int[] {3, 2, 1},
            "ff ff00 ff0000 ff000000", new int[] {0, 1, 2},
            "ff0000 ff00 ff ff000000", new int[] {2, 1, 0},
            "ff000000 ff00 ff ff0000", new int[] {3, 1, 0},
            "0 0 0 0", new int[] {2, 1, 0});

    private final ByteBuffer file;
    private final int size;
    private final long width;
    private final long height;
    private final boolean upwards;
    private final int bits;
    private final int compression;
    private long colours;
    private boolean grey;

    /** Where the pixels start. */
    private long start;

    private BmpPicture(ByteBuffer file) throws DamagedImage {
        this.file = file;
        size = file.getInt(14);
        DamagedImage.require(HEADERS.contains(size), "its header has " + size + " bytes");
        if (14 + size > file.limit()) {
            throw DamagedImage.truncated();
        }
        if (size == 12) {
            width = file.getShort(18) & 0xffff;
            height = file.getShort(20) & 0xffff;
            upwards = true;
            bits = file.getShort(24) & 0xffff;
            compression = RAW;
        } else {
            long down = file.getInt(22) & 0xffffffffL;
            upwards = file.get(25) != -1;
            width = file.getInt(18) & 0xffffffffL;
            height = upwards ? down : (1L << 32) - down;
            bits = file.getShort(28) & 0xffff;
            compression = file.getInt(30);
            colours = file.getInt(46) & 0xffffffffL;
        }
    }

    /**
     * Decodes a file.
     *
     * @param file the whole file, little-endian, from 0 to its limit
     */
    public static void decode(ByteBuffer file, Canvas canvas) throws IOException {
        BmpPicture picture = new BmpPicture(file);
        picture.read(canvas, picture.height, file.getInt(10) & 0xffffffffL);
    }

    /**
     * Decodes the upper half of a bitmap in an icon. The mask in its lower half changes no colour, but must be there.
     *
     * @param bitmap from {@link #FILE_HEADER} bytes ahead of it to the end of the file, little-endian
     * @param maskBits bits a pixel as the icon's directory says them: with 32 the mask is part of the pixels
     * @param end where the bitmap ends, as the directory says
     */
    static void decodeIcon(ByteBuffer bitmap, int maskBits, long end, Canvas canvas) throws IOException {
        BmpPicture picture = new BmpPicture(bitmap);
        long half = picture.height / 2;
        picture.read(canvas, half, 0);
        long mask = (picture.width + 31) / 32 * 32 * half / 8;
        boolean there = maskBits == 32
                ? picture.start + 4 * picture.width * half <= bitmap.limit()
                : end >= mask && Math.min(end, bitmap.limit()) - (end - mask) >= mask;
        if (!there) {
            throw DamagedImage.truncated();
        }
    }

    private void read(Canvas canvas, long rows, long offset) throws IOException {
        DamagedImage.require(
                bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32,
                "it has " + bits + " bits a pixel");
        colours = colours == 0 ? 1L << bits : colours;
        long entry = size == 12 ? 3 : 4;
        long from = offset;
        if (from == 14 + size && bits <= 8) {
            from += entry * colours;
        }
        long behind = 14L + size;
        PixelLayout layout;
        if (compression == BIT_FIELDS) {
            layout = fields();
            behind += size < 52 ? 12 : 0;
        } else {
            boolean known = compression == RAW || compression == RUNS_8 || compression == RUNS_4;
            DamagedImage.require(known, "its compression has the unknown number " + compression);
            layout = bits <= 8 ? null : colours();
        }
        if (bits <= 8) {
            DamagedImage.require(colours <= 65536, "it has " + colours + " colours");
            layout = palette((int) entry);
            behind = Math.min(file.limit(), behind + entry * colours);
        }
        from = from == 0 ? behind : from;
        start = from;
        byte[] rgb = canvas.room(width, rows, 0);
        if (compression == RUNS_8 || compression == RUNS_4) {
            boolean readable = bits <= 8 && !(grey && colours == 2);
            DamagedImage.require(readable, "its runs have no palette");
            // Pillow takes the runs' indices as they are, whatever the bits of a pixel.
            PixelLayout indices = layout.bits() == 8 ? layout : palette(8, (int) entry);
            runs(from, indices, rgb, (int) rows);
        } else {
            long stride = width * bits + 31 >> 3 & ~3L;
            layout.rows(file, from, stride, upwards, rgb, (int) width, (int) rows);
        }
    }

    private PixelLayout colours() {
        return switch (bits) {
            case 16 -> PixelLayout.colour16(5);
            case 24 -> PixelLayout.channels(3, 2, 1, 0);
            default -> PixelLayout.channels(4, 2, 1, 0);
        };
    }

    private PixelLayout fields() throws DamagedImage {
        int at = size < 52 ? 14 + size : 54;
        int red = file.getInt(at);
        int green = file.getInt(at + 4);
        int blue = file.getInt(at + 8);
        int alpha = size < 56 ? 0 : file.getInt(at + 12);
        String masks = Integer.toHexString(red) + " " + Integer.toHexString(green) + " " + Integer.toHexString(blue);
        if (bits == 32) {
            int[] places = MASKS.get(masks + " " + Integer.toHexString(alpha));
            DamagedImage.require(places != null, "its bit fields are unknown");
            return PixelLayout.channels(4, places[0], places[1], places[2]);
        } else if (bits == 24 && "ff0000 ff00 ff".equals(masks)) {
            return PixelLayout.channels(3, 2, 1, 0);
        } else if (bits == 16 && "f800 7e0 1f".equals(masks)) {
            return PixelLayout.colour16(6);
        } else if (bits == 16 && "7c00 3e0 1f".equals(masks)) {
            return PixelLayout.colour16(5);
        }
        throw new DamagedImage("its bit fields are unknown");
    }

    /** The palette's layout; one that is a ramp of greys is left out, as Pillow does. */
    private PixelLayout palette(int entry) throws DamagedImage {
        grey = true;
        for (int i = 0; i < colours && grey; i++) {
            int value = colours == 2 ? 255 * i : i & 255;
            int at = paletteStart() + entry * i;
            grey = at + 3 <= file.limit()
                    && (file.get(at) & 0xff) == value
                    && (file.get(at + 1) & 0xff) == value
                    && (file.get(at + 2) & 0xff) == value;
        }
        if (grey) {
            return PixelLayout.grey(colours == 2 ? 1 : 8, false);
        }
        return palette(bits, entry);
    }

    private int paletteStart() {
        return 14 + size + (compression == BIT_FIELDS && size < 52 ? 12 : 0);
    }

    private PixelLayout palette(int indexBits, int entry) throws DamagedImage {
        int start = paletteStart();
        int count = (int) Math.min(colours, (file.limit() - start) / entry);
        DamagedImage.require(count <= 256, "its palette has more than 256 colours");
        byte[] table = new byte[3 * Math.max(count, 1 << indexBits)];
        for (int i = 0; i < count; i++) {
            for (int c = 0; c < 3; c++) {
                table[3 * i + c] = file.get(start + entry * i + 2 - c);
            }
        }
        return PixelLayout.palette(indexBits, table);
    }

    /** Run-length coded rows: Pillow's decoder, which fills a list of indices and needs all of them. */
    private void runs(long from, PixelLayout layout, byte[] rgb, int rows) throws DamagedImage {
        int across = (int) width;
        int all = across * rows;
        Indices out = new Indices(new byte[all]);
        int at = (int) Math.min(from, file.limit());
        int x = 0;
        while (out.count < all && at + 2 <= file.limit()) {
            int count = file.get(at++) & 0xff;
            int value = file.get(at++) & 0xff;
            if (count > 0) {
                int pixels = Math.max(0, Math.min(count, across - x));
                for (int i = 0; i < pixels; i++) {
                    out.add(compression == RUNS_8 ? value : i % 2 == 0 ? value >> 4 : value & 15);
                }
                x += pixels;
            } else if (value == 0) {
                out.skip((across - out.count % across) % across);
                x = 0;
            } else if (value == 1) {
                break;
            } else if (value == 2) {
                if (at + 2 > file.limit()) {
                    break;
                }
                out.skip((file.get(at) & 0xff) + (file.get(at + 1) & 0xffL) * across);
                at += 2;
                x = out.count % across;
            } else {
                int bytes = compression == RUNS_8 ? value : value / 2;
                int there = Math.min(bytes, file.limit() - at);
                for (int i = 0; i < there; i++) {
                    int pair = file.get(at++) & 0xff;
                    if (compression == RUNS_8) {
                        out.add(pair);
                    } else {
                        out.add(pair >> 4);
                        out.add(pair & 15);
                    }
                }
                if (there < bytes) {
                    break;
                }
                x += value;
                at += at % 2;
            }
        }
        if (out.count < all) {
            throw DamagedImage.truncated();
        }
        for (int y = 0; y < rows; y++) {
            int row = upwards ? rows - 1 - y : y;
            layout.row(out.indices, y * across, across, rgb, 3 * row * across);
        }
    }

    /** The indices so far; what is above the picture's size is counted and left out. */
    private static final class Indices {
        private final byte[] indices;
        private int count;

        Indices(byte[] indices) {
            this.indices = indices;
        }

        void add(int index) {
            if (count < indices.length) {
                indices[count] = (byte) index;
            }
            count++;
        }

        void skip(long pixels) {
            int to = (int) Math.min(indices.length, count + pixels);
            Arrays.fill(indices, Math.min(count, to), to, (byte) 0);
            count = (int) Math.min(Integer.MAX_VALUE / 2, count + pixels);
        }
    }
}
