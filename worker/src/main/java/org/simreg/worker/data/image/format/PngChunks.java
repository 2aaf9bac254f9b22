package org.simreg.worker.data.image.format;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** The chunks of a PNG file, read as far as Pillow reads them and refused where it refuses them. */
final class PngChunks {
    /** Unpacked bytes of a text, and of all texts of a file. */
    private static final int TEXT_LIMIT = 1 << 20;

    private static final int TEXTS_LIMIT = 64 << 20;

    private final ByteBuffer file;
    private int at = 8;
    private int chunk;
    private long length;
    private long width;
    private long height;
    private int depth = -1;
    private int colour;
    private boolean interlaced;
    private boolean animated;
    private long frames = -1;
    private long sequence = -1;
    private Box frame;
    private Box box;
    private byte[] palette = new byte[0];
    private int from;
    private long texts;

    /** The part of the picture that its first frame fills. */
    record Box(int left, int top, int width, int height) {}

    PngChunks(ByteBuffer file) {
        this.file = file;
    }

    int width() {
        return (int) width;
    }

    int height() {
        return (int) height;
    }

    boolean interlaced() {
        return interlaced;
    }

    Box box() {
        return box;
    }

    PixelLayout layout() throws DamagedImage {
        switch (colour) {
            case 0:
                return depth == 16 ? PixelLayout.wideGrey(true, false) : PixelLayout.grey(depth, false);
            case 2:
                return depth == 8 ? PixelLayout.channels(3, 0, 1, 2) : PixelLayout.channels(6, 0, 2, 4);
            case 3:
                DamagedImage.require(palette.length <= 770, "its palette has more than 256 colours");
                return PixelLayout.palette(depth, Arrays.copyOf(palette, palette.length / 3 * 3));
            case 4:
                return PixelLayout.channels(depth / 4, 0, 0, 0);
            default:
                return PixelLayout.channels(depth / 2, 0, depth / 8, depth / 4);
        }
    }

    /** Reads the chunks up to the picture's data. */
    void readHeader() throws DamagedImage {
        while (true) {
            next();
            if (isData(chunk)) {
                break;
            }
            DamagedImage.require(chunk != name("IEND"), "it has no picture");
            requireWhole();
            read();
            CRC32 sum = new CRC32();
            sum.update(file.slice(at - 4, (int) length + 4));
            DamagedImage.require(
                    at + length + 4 <= file.limit() && (int) sum.getValue() == big(at + (int) length),
                    "its PNG chunk at byte " + (at - 8) + " is damaged");
            at += (int) length + 4;
        }
        DamagedImage.require(depth > 0 && width > 0 && height > 0, "its PNG header is missing or damaged");
        if (chunk == name("fdAT")) {
            skipSequence();
        }
        animated = frames > 1 || frames == 1 && frame == null;
        box = frame == null
                ? new Box(0, 0, (int) Math.min(width, Integer.MAX_VALUE), (int) Math.min(height, Integer.MAX_VALUE))
                : frame;
        DamagedImage.require(box.width > 0 && box.height > 0, "its first frame is empty");
        from = at;
    }

    private void next() throws DamagedImage {
        if (at + 8 > file.limit()) {
            throw DamagedImage.truncated();
        }
        length = big(at) & 0xffffffffL;
        chunk = file.getInt(at + 4);
        for (int i = at + 4; i < at + 8; i++) {
            int c = file.get(i);
            DamagedImage.require(
                    c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z',
                    "its PNG chunk at byte " + at + " is damaged");
        }
        at += 8;
    }

    private static boolean isData(int chunk) {
        return chunk == name("IDAT") || chunk == name("fdAT");
    }

    private void requireWhole() throws DamagedImage {
        if (at + length > file.limit()) {
            throw DamagedImage.truncated();
        }
    }

    /** More of the picture's data; false if there is none. */
    boolean nextData() throws DamagedImage {
        if (from < at) {
            return false;
        }
        while (length == 0) {
            at += 4;
            next();
            if (chunk != name("IDAT") && chunk != name("DDAT") && chunk != name("fdAT")) {
                return false;
            }
            if (chunk == name("fdAT")) {
                skipSequence();
            }
        }
        from = at;
        int end = (int) Math.min(at + length, file.limit());
        length -= end - at;
        at = end;
        return from < end && length >= 0;
    }

    /** The data that {@link #nextData} found. */
    ByteBuffer data() {
        ByteBuffer data = file.slice(from, at - from);
        from = at;
        return data;
    }

    private void skipSequence() throws DamagedImage {
        if (length < 4 || at + 4 > file.limit()) {
            throw DamagedImage.truncated();
        }
        DamagedImage.require(sequence >= 0 && (big(at) & 0xffffffffL) == sequence + 1, "its frames are out of order");
        sequence++;
        at += 4;
        length -= 4;
    }

    /** Reads the chunks after the picture's data: Pillow refuses a file whose chunks are cut short. */
    void readRest() throws DamagedImage {
        at = (int) Math.min(at + length, file.limit());
        while (true) {
            at += 4;
            try {
                next();
            } catch (DamagedImage e) {
                return;
            }
            if (chunk == name("IEND") || chunk == name("fcTL") && animated) {
                return;
            }
            if (chunk == name("fdAT")) {
                skipSequence();
            }
            requireWhole();
            if (!isData(chunk)) {
                read();
            }
            at += (int) length;
        }
    }

    private void read() throws DamagedImage {
        int size = (int) length;
        if (chunk == name("IHDR")) {
            header(size);
        } else if (chunk == name("PLTE")) {
            if (colour == 3) {
                palette = bytes(at, size);
            }
        } else if (chunk == name("tRNS")) {
            int least = colour == 0 && depth > 0 ? 2 : colour == 2 ? 6 : 0;
            requireSize(size >= least);
        } else if (chunk == name("gAMA")) {
            requireSize(size >= 4);
        } else if (chunk == name("cHRM")) {
            requireSize(size % 4 == 0);
        } else if (chunk == name("sRGB")) {
            requireSize(size >= 1);
        } else if (chunk == name("pHYs")) {
            requireSize(size >= 9);
        } else if (chunk == name("iCCP")) {
            int method = find(at, size) + 1;
            requireSize(method < size && file.get(at + method) == 0);
            requireShort(at + method + 1, size - method - 1);
        } else if (chunk == name("zTXt")) {
            int method = find(at, size) + 1;
            if (method > 0 && method < size) {
                requireSize(file.get(at + method) == 0);
                requireShort(at + method + 1, size - method - 1);
            }
        } else if (chunk == name("iTXt")) {
            text(size);
        } else {
            readAnimation(size);
        }
    }

    private void readAnimation(int size) throws DamagedImage {
        if (chunk == name("acTL")) {
            requireSize(size >= 8);
            long count = big(at) & 0xffffffffL;
            boolean usable = frames < 0 && count > 0 && count <= 0x80000000L;
            frames = usable ? count : frames >= 0 ? -1 : frames;
        } else if (chunk == name("fcTL")) {
            requireSize(size >= 26);
            DamagedImage.require((big(at) & 0xffffffffL) == sequence + 1, "its frames are out of order");
            sequence++;
            long w = big(at + 4) & 0xffffffffL;
            long h = big(at + 8) & 0xffffffffL;
            long x = big(at + 12) & 0xffffffffL;
            long y = big(at + 16) & 0xffffffffL;
            DamagedImage.require(x + w <= width && y + h <= height, "its first frame is larger than the picture");
            frame = new Box((int) x, (int) y, (int) w, (int) h);
        }
    }

    private void header(int size) throws DamagedImage {
        requireSize(size >= 13);
        width = big(at) & 0xffffffffL;
        height = big(at + 4) & 0xffffffffL;
        int bits = file.get(at + 8) & 0xff;
        int kind = file.get(at + 9) & 0xff;
        boolean whole = bits == 8 || bits == 16 && kind != 3;
        boolean part = (bits == 1 || bits == 2 || bits == 4) && (kind == 0 || kind == 3);
        if (part || whole && (kind == 0 || kind == 2 || kind == 3 || kind == 4 || kind == 6)) {
            depth = bits;
            colour = kind;
        }
        interlaced |= file.get(at + 12) != 0;
        DamagedImage.require(file.get(at + 11) == 0, "its PNG filter method is unknown");
    }

    private void text(int size) throws DamagedImage {
        int key = find(at, size);
        int flags = at + key + 1;
        int left = size - key - 1;
        if (key < 0 || left < 2) {
            return;
        }
        int language = find(flags + 2, left - 2);
        int translated = language < 0 ? -1 : find(flags + 3 + language, left - 3 - language);
        if (translated >= 0 && file.get(flags) != 0 && file.get(flags + 1) == 0) {
            int skipped = 4 + language + translated;
            requireShort(flags + skipped, left - skipped);
        }
    }

    private void requireSize(boolean good) throws DamagedImage {
        DamagedImage.require(good, "its PNG chunk at byte " + (at - 8) + " is damaged");
    }

    /** The place of the first 0 after a place, or -1. */
    private int find(int start, int size) {
        for (int i = 0; i < size; i++) {
            if (file.get(start + i) == 0) {
                return i;
            }
        }
        return -1;
    }

    /** Compressed texts that are longer than Pillow's bounds, each or all together, are refused, as there. */
    private void requireShort(int start, int size) throws DamagedImage {
        Inflater inflater = new Inflater();
        byte[] out = new byte[1 << 13];
        long total = 0;
        try {
            inflater.setInput(file.slice(start, size));
            for (int got = inflater.inflate(out); got > 0; got = inflater.inflate(out)) {
                total += got;
                texts += got;
                DamagedImage.require(
                        total <= TEXT_LIMIT && texts <= TEXTS_LIMIT,
                        "its PNG text at byte " + (at - 8) + " is too long");
            }
        } catch (DataFormatException e) {
            // Pillow leaves such a text out, and goes on.
        } finally {
            inflater.end();
        }
    }

    private byte[] bytes(int start, int size) {
        byte[] bytes = new byte[size];
        file.get(start, bytes);
        return bytes;
    }

    private int big(int position) {
        return Integer.reverseBytes(file.getInt(position));
    }

    private static int name(String chunk) {
        return chunk.charAt(0) | chunk.charAt(1) << 8 | chunk.charAt(2) << 16 | chunk.charAt(3) << 24;
    }
}
