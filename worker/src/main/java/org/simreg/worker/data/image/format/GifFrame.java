package org.simreg.worker.data.image.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The first frame of a GIF file, decoded as Pillow does: a canvas grows to hold its frame, and what the frame leaves out
 * has the transparent colour, or else the first one.
 */
public final class GifFrame {
    private static final int[] PASS_START = {0, 4, 2, 1};
    private static final int[] PASS_STEP = {8, 8, 4, 2};

    private final ByteBuffer file;
    private int at = 13;
    private byte[] palette;
    private int transparent = -1;

    private GifFrame(ByteBuffer file) {
        this.file = file;
    }

    /**
     * Decodes a file.
     *
     * @param file the whole file, little-endian, from 0 to its limit
     */
    public static void decode(ByteBuffer file, Canvas canvas) throws IOException {
        new GifFrame(file).read(canvas);
    }

    private void read(Canvas canvas) throws IOException {
        DamagedImage.require(at <= file.limit(), DamagedImage.TRUNCATED);
        int flags = file.get(10);
        if ((flags & 0x80) != 0) {
            palette = table(flags);
        }
        DamagedImage.require(at < file.limit() && file.get(at) != ';', "it holds no frame");
        while (true) {
            DamagedImage.require(at < file.limit(), "it holds no frame");
            int block = next();
            if (block == '!') {
                extension();
            } else if (block == ',') {
                frame(canvas);
                return;
            }
            DamagedImage.require(block != ';', "it holds no frame");
        }
    }

    /** The colours at this place, as many as the file has; null if an index is its own grey. */
    private byte[] table(int flags) throws DamagedImage {
        byte[] table = new byte[Math.min(3 << (flags & 7) + 1, file.limit() - at)];
        file.get(at, table);
        at += table.length;
        for (int i = 0; i < table.length; i++) {
            if ((table[i] & 0xff) != i / 3) {
                return table;
            }
        }
        DamagedImage.require(table.length % 3 == 0, DamagedImage.TRUNCATED);
        return null;
    }

    private void extension() throws DamagedImage {
        int label = next();
        int start = at + 1;
        int length = skipBlock();
        if (label == 0xf9 && length > 0) {
            DamagedImage.require(
                    length >= 4 || length == 3 && (file.get(start) & 1) == 0, "its control block is short");
            if ((file.get(start) & 1) != 0) {
                transparent = file.get(start + 3) & 0xff;
            }
        }
        boolean comment = label == 0xfe;
        boolean application = label == 0xff && length >= 11 && isNetscape(start);
        if (application) {
            skipBlock();
        }
        if (!comment || length > 0) {
            while (skipBlock() > 0) {
                continue;
            }
        }
    }

    private boolean isNetscape(int start) {
        byte[] name = new byte[11];
        file.get(start, name);
        return "NETSCAPE2.0".equals(new String(name, StandardCharsets.ISO_8859_1));
    }

    /** The length of the block at this place, which is passed; 0 at the end of the file. */
    private int skipBlock() {
        if (at >= file.limit()) {
            return 0;
        }
        int length = Math.min(next(), file.limit() - at);
        at += length;
        return length;
    }

    private void frame(Canvas canvas) throws IOException {
        int left = file.getShort(at) & 0xffff;
        int top = file.getShort(at + 2) & 0xffff;
        int width = file.getShort(at + 4) & 0xffff;
        int height = file.getShort(at + 6) & 0xffff;
        int flags = file.get(at + 8);
        at += 9;
        if ((flags & 0x80) != 0) {
            byte[] own = table(flags);
            palette = own == null ? palette : own;
        }
        DamagedImage.require(width > 0 && height > 0, "its first frame is empty");
        int bits = next();
        int across = Math.max(left + width, file.getShort(6) & 0xffff);
        int down = Math.max(top + height, file.getShort(8) & 0xffff);
        byte[] rgb = canvas.room(across, down, width);
        PixelLayout layout = palette == null ? PixelLayout.grey(8, false) : PixelLayout.palette(8, palette);
        fill(rgb, across * down, layout, Math.max(0, transparent));
        GifCodes codes = new GifCodes(file, at, bits);
        byte[] row = new byte[width];
        boolean interlaced = (flags & 0x40) != 0;
        for (int pass = interlaced ? 0 : 3; pass < 4; pass++) {
            int step = interlaced ? PASS_STEP[pass] : 1;
            for (int y = interlaced ? PASS_START[pass] : 0; y < height; y += step) {
                codes.read(row);
                layout.row(row, 0, width, rgb, 3 * ((top + y) * across + left));
            }
        }
    }

    private static void fill(byte[] rgb, int pixels, PixelLayout layout, int index) {
        byte[] colour = new byte[3];
        layout.row(new byte[] {(byte) index}, 0, 1, colour, 0);
        for (int i = 0; i < 3 * pixels; i += 3) {
            rgb[i] = colour[0];
            rgb[i + 1] = colour[1];
            rgb[i + 2] = colour[2];
        }
    }

    private int next() {
        return file.get(at++) & 0xff;
    }
}
