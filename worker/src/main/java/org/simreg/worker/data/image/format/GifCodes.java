package org.simreg.worker.data.image.format;

import java.nio.ByteBuffer;

/**
 * The indices of a GIF frame, from its Lempel-Ziv-Welch codes. As in Pillow, a block that the file cuts short isn't read,
 * and an end before the frame's last pixel is an error.
 */
final class GifCodes {
    private static final int TABLE = 1 << 12;

    private final ByteBuffer file;
    private final int firstBits;
    private final byte[] last = new byte[TABLE];
    private final short[] link = new short[TABLE];
    private final byte[] reversed = new byte[TABLE];
    private int at;
    private int block;
    private int bits;
    private int have;
    private int width;
    private int next;
    private int previous = -1;
    private int lastIndex;
    private int waiting;

    /**
     * @param at where the blocks start
     * @param bits of an index
     */
    GifCodes(ByteBuffer file, int at, int bits) throws DamagedImage {
        DamagedImage.require(bits <= 12, "its codes start with " + bits + " bits");
        this.file = file;
        this.at = at;
        firstBits = bits;
        clear();
    }

    private void clear() {
        width = firstBits + 1;
        next = (1 << firstBits) + 2;
        previous = -1;
    }

    /** Fills a row with indices. */
    void read(byte[] row) throws DamagedImage {
        for (int x = 0; x < row.length; ) {
            if (waiting == 0) {
                take();
            } else {
                int count = Math.min(waiting, row.length - x);
                for (int i = 0; i < count; i++) {
                    row[x++] = reversed[--waiting];
                }
            }
        }
    }

    /** Takes a code: its indices are then waiting, the first one last. */
    private void take() throws DamagedImage {
        int clear = 1 << firstBits;
        int code = code();
        if (code == clear) {
            clear();
        } else if (code == clear + 1) {
            throw DamagedImage.truncated();
        } else if (previous < 0) {
            DamagedImage.require(code < clear, "its codes are damaged");
            lastIndex = code;
            previous = code;
            reversed[waiting++] = (byte) code;
        } else {
            unfold(code);
        }
    }

    private void unfold(int code) throws DamagedImage {
        int clear = 1 << firstBits;
        DamagedImage.require(code <= next, "its codes are damaged");
        int c = code;
        if (c == next) {
            reversed[waiting++] = (byte) lastIndex;
            c = previous;
        }
        while (c >= clear) {
            DamagedImage.require(c < TABLE && waiting < TABLE - 1, "its codes are damaged");
            reversed[waiting++] = last[c];
            c = link[c];
        }
        lastIndex = c;
        reversed[waiting++] = (byte) c;
        if (next < TABLE) {
            last[next] = (byte) c;
            link[next] = (short) previous;
            if (next == (1 << width) - 1 && width < 12) {
                width++;
            }
            next++;
        }
        previous = code;
    }

    private int code() throws DamagedImage {
        while (have < width) {
            while (block == 0) {
                if (at >= file.limit()) {
                    throw DamagedImage.truncated();
                }
                block = file.get(at++) & 0xff;
                if (block > file.limit() - at) {
                    throw DamagedImage.truncated();
                }
            }
            bits |= (file.get(at++) & 0xff) << have;
            have += 8;
            block--;
        }
        int code = bits & (1 << width) - 1;
        bits >>>= width;
        have -= width;
        return code;
    }
}
