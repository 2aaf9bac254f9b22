package org.simreg.worker.data.image.format;

import java.util.Arrays;

/**
 * A decoder of fax data in TIFF files: ITU-T's T.4 in one or two dimensions and T.6. Black is 1, the first pixel the
 * uppermost bit of a byte; a row begins with a byte.
 *
 * @see <a href="https://www.itu.int/rec/T-REC-T.6">ITU-T T.6</a>
 */
final class TiffFax {
    /** Rows of one dimension without marks between them, each from a byte on. */
    static final int ROWS = 2;

    static final int GROUP_3 = 3;
    static final int GROUP_4 = 4;

    private static final int LONGEST_CODE = 13;
    private static final int MARK_ZEROS = 11;

    private static final String WHITE = """
            00110101 000111 0111 1000 1011 1100 1110 1111 10011 10100 00111 01000 001000 000011 110100 110101 101010 101011
            0100111 0001100 0001000 0010111 0000011 0000100 0101000 0101011 0010011 0100100 0011000 00000010 00000011
            00011010 00011011 00010010 00010011 00010100 00010101 00010110 00010111 00101000 00101001 00101010 00101011
            00101100 00101101 00000100 00000101 00001010 00001011 01010010 01010011 01010100 01010101 00100100 00100101
            01011000 01011001 01011010 01011011 01001010 01001011 00110010 00110011 00110100 11011 10010 010111 0110111
            00110110 00110111 01100100 01100101 01101000 01100111 011001100 011001101 011010010 011010011 011010100
            011010101 011010110 011010111 011011000 011011001 011011010 011011011 010011000 010011001 010011010 011000
            010011011
            """;

    private static final String BLACK = """
            0000110111 010 11 10 011 0011 0010 00011 000101 000100 0000100 0000101 0000111 00000100 00000111 000011000
            0000010111 0000011000 0000001000 00001100111 00001101000 00001101100 00000110111 00000101000 00000010111
            00000011000 000011001010 000011001011 000011001100 000011001101 000001101000 000001101001 000001101010
            000001101011 000011010010 000011010011 000011010100 000011010101 000011010110 000011010111 000001101100
            000001101101 000011011010 000011011011 000001010100 000001010101 000001010110 000001010111 000001100100
            000001100101 000001010010 000001010011 000000100100 000000110111 000000111000 000000100111 000000101000
            000001011000 000001011001 000000101011 000000101100 000001011010 000001100110 000001100111 0000001111
            000011001000 000011001001 000001011011 000000110011 000000110100 000000110101 0000001101100 0000001101101
            0000001001010 0000001001011 0000001001100 0000001001101 0000001110010 0000001110011 0000001110100
            0000001110101 0000001110110 0000001110111 0000001010010 0000001010011 0000001010100 0000001010101
            0000001011010 0000001011011 0000001100100 0000001100101
            """;

    /** Of both colours, from 1792 on. */
    private static final String LONG = """
            00000001000 00000001100 00000001101 000000010010 000000010011 000000010100 000000010101 000000010110
            000000010111 000000011100 000000011101 000000011110 000000011111
            """;

    /** Pass, horizontal, then vertical by 0, 1, 2, 3 to the right and 1, 2, 3 to the left. */
    private static final String MODES = "0001 001 1 011 000011 0000011 010 000010 0000010";

    private static final int PASS = 0;
    private static final int HORIZONTAL = 1;
    private static final int[] VERTICAL = {0, 0, 0, 1, 2, 3, -1, -2, -3};

    /** A code's number and, in the lower four bits, its length, by the next 13 bits; 0: no code begins so. */
    private static final int[][] RUNS = {table(WHITE + LONG), table(BLACK + LONG)};

    private static final int[] MODE = table(MODES);

    private final byte[] in;
    private final int width;
    private int at;

    /** Where the colour changes in the row before and in this one, the first time to black; both end with the width. */
    private int[] before;

    private int[] changes;
    private int count;

    private TiffFax(byte[] in, int width) {
        this.in = in;
        this.width = width;
        before = new int[2 * width + 4];
        changes = new int[2 * width + 4];
        Arrays.fill(before, width);
    }

    private static int[] table(String codes) {
        int[] table = new int[1 << LONGEST_CODE];
        String[] all = codes.trim().split("\\s+");
        for (int number = 0; number < all.length; number++) {
            int length = all[number].length();
            int first = Integer.parseInt(all[number], 2) << LONGEST_CODE - length;
            Arrays.fill(table, first, first + (1 << LONGEST_CODE - length), number << 4 | length);
        }
        return table;
    }

    /** Whether a compression's number is one of fax data. */
    static boolean is(int compression) {
        return compression == ROWS || compression == GROUP_3 || compression == GROUP_4;
    }

    /**
     * Unpacks a strip or a tile.
     *
     * @param options of group 3: 1 for rows of two dimensions
     * @param in its bytes, with the first bit uppermost
     * @param width in pixels
     * @param out is filled, as many rows as it has room for
     */
    static void unpack(int compression, long options, byte[] in, int width, byte[] out) throws DamagedImage {
        TiffFax fax = new TiffFax(in, width);
        int bytes = (width + 7) / 8;
        int align = compression == ROWS ? 8 : 1;
        for (int row = 0; row < out.length / bytes; row++) {
            fax.count = 0;
            fax.at = (fax.at + align - 1) / align * align;
            boolean flat = compression != GROUP_4;
            if (compression == GROUP_3) {
                fax.skipMark();
                flat = (options & 1) == 0 || fax.bit() == 1;
            }
            if (flat) {
                fax.oneDimension();
            } else {
                fax.twoDimensions();
            }
            fax.paint(out, row * bytes);
            fax.keep();
        }
    }

    private int bit() throws DamagedImage {
        if (at >= 8L * in.length) {
            throw DamagedImage.truncated();
        }
        int bit = in[at >> 3] >> 7 - (at & 7) & 1;
        at++;
        return bit;
    }

    /** The next bits, with zeros behind the end. */
    private int ahead() {
        int bits = 0;
        for (int i = 0; i < 3; i++) {
            int place = (at >> 3) + i;
            bits = bits << 8 | (place < in.length ? in[place] & 0xff : 0);
        }
        return bits >> 24 - LONGEST_CODE - (at & 7) & (1 << LONGEST_CODE) - 1;
    }

    private int code(int[] table) throws DamagedImage {
        int found = table[ahead()];
        if (at >= 8L * in.length) {
            throw DamagedImage.truncated();
        }
        DamagedImage.require(found != 0, "its fax codes are damaged");
        at += found & 15;
        return found >> 4;
    }

    /** Goes behind the next eleven zeros or more and their one. */
    private void skipMark() throws DamagedImage {
        int zeros = 0;
        for (int bit = bit(); bit == 0 || zeros < MARK_ZEROS; bit = bit()) {
            zeros = bit == 0 ? zeros + 1 : 0;
        }
    }

    private void oneDimension() throws DamagedImage {
        int place = 0;
        for (int colour = 0; place < width; colour ^= 1) {
            place += run(colour);
            change(place);
        }
    }

    private int run(int colour) throws DamagedImage {
        int length = 0;
        while (true) {
            int code = code(RUNS[colour]);
            length += code < 64 ? code : 64 * (code - 63);
            DamagedImage.require(length <= width, "a row of its fax data is too long");
            if (code < 64) {
                return length;
            }
        }
    }

    private void twoDimensions() throws DamagedImage {
        int place = -1;
        int colour = 0;
        int next = 0;
        while (place < width) {
            // Back to where the colour may change next, behind this place and to the other colour.
            next = Math.max(0, next - 2);
            next += (next ^ colour) & 1;
            while (before[next] <= place && before[next] < width) {
                next += 2;
            }
            int mode = code(MODE);
            if (mode == PASS) {
                place = before[next + 1];
            } else if (mode == HORIZONTAL) {
                place = Math.max(0, place) + run(colour);
                change(place);
                place += run(colour ^ 1);
                change(place);
            } else {
                int to = before[next] + VERTICAL[mode];
                DamagedImage.require(to >= Math.max(0, place), "its fax data goes back");
                place = to;
                change(place);
                colour ^= 1;
            }
        }
    }

    private void change(int place) throws DamagedImage {
        DamagedImage.require(count < 2 * width, "a row of its fax data has too many colours");
        changes[count++] = Math.min(place, width);
    }

    private void paint(byte[] out, int from) {
        for (int i = 0; i < count; i += 2) {
            int end = i + 1 < count ? changes[i + 1] : width;
            for (int x = changes[i]; x < end; x++) {
                out[from + (x >> 3)] |= (byte) (0x80 >> (x & 7));
            }
        }
    }

    private void keep() {
        Arrays.fill(changes, count, Math.min(count + 4, changes.length), width);
        int[] free = before;
        before = changes;
        changes = free;
    }
}
