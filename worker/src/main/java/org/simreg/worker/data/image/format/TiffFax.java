package org.simreg.worker.data.image.format;

import java.util.Arrays;

/**
 * A decoder of fax data in TIFF files: ITU-T's T.4 in one or two dimensions and T.6. Black is 1, the first pixel the
 * uppermost bit of a byte; a row begins with a byte. Damage is taken as libtiff takes it: a row with a wrong code ends
 * there and is white or black to its end; data that is missing is an error, but not in T.6 behind the first row.
 *
 * @see <a href="https://www.itu.int/rec/T-REC-T.6">ITU-T T.6</a>
 */
final class TiffFax {
    /** Rows of one dimension without marks between them, each from a byte on. */
    static final int ROWS = 2;

    static final int GROUP_3 = 3;
    static final int GROUP_4 = 4;

    /** Rows of one dimension as well, each from a word of 16 bits on. */
    static final int WORD_ROWS = 32771;

    /** Bits of the longest code of white, of black and of a mode. */
    private static final int[] LONGEST_RUN = {12, 13};

    private static final int LONGEST_MODE = 7;
    private static final int MARK_ZEROS = 11;
    private static final String TOO_MANY = "a row of its fax data has too many colours";

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

    /** Pass, horizontal, then vertical by 0, 1, 2, 3 to the right and 1, 2, 3 to the left, and an extension. */
    private static final String MODES = "0001 001 1 011 000011 0000011 010 000010 0000010 0000001";

    private static final int PASS = 0;
    private static final int HORIZONTAL = 1;
    private static final int EXTENSION = 9;
    private static final int[] VERTICAL = {0, 0, 0, 1, 2, 3, -1, -2, -3};

    /** What stands where a code should. */
    private static final int WRONG = -1;

    private static final int MARK = -2;
    private static final int END = -3;

    /** A code's number and, in the lower four bits, its length, by the next bits; 0: no code begins so. */
    private static final int[][] RUNS = {table(WHITE + LONG, LONGEST_RUN[0]), table(BLACK + LONG, LONGEST_RUN[1])};

    private static final int[] MODE = table(MODES, LONGEST_MODE);

    private final byte[] in;
    private final int width;
    private int at;

    /** The next bits of the data, the last {@link #have} of this number. */
    private int bits;

    private int have;

    /** Lengths of the runs in the row before and in this one, white and black in turns. */
    private int[] before;

    private int[] runs;
    private int count;

    /** Where the next run begins, behind a length that is part of it. */
    private int place;

    private int length;

    /** A change of colour in the row before, and the number of the run behind it. */
    private int change;

    private int next;

    /** Whether the zeros of the mark ahead of the next row have been read. */
    private boolean marked;

    private boolean unmarked;

    private TiffFax(byte[] in, int width) {
        this.in = in;
        this.width = width;
        int room = 2 * ((width + 32) / 32 * 32);
        before = new int[room];
        runs = new int[room];
        before[0] = width;
    }

    private static int[] table(String codes, int bits) {
        int[] table = new int[1 << bits];
        String[] all = codes.trim().split("\\s+");
        for (int number = 0; number < all.length; number++) {
            int length = all[number].length();
            int first = Integer.parseInt(all[number], 2) << bits - length;
            Arrays.fill(table, first, first + (1 << bits - length), number << 4 | length);
        }
        return table;
    }

    /** Whether a compression's number is one of fax data. */
    static boolean is(int compression) {
        return compression == ROWS || compression == WORD_ROWS || compression == GROUP_3 || compression == GROUP_4;
    }

    /**
     * Unpacks a strip or a tile.
     *
     * @param options of group 3: 1 for rows of two dimensions
     * @param in its bytes, with the first bit uppermost
     * @param offset where they stand in the file: words are counted from its start
     * @param width in pixels
     * @param out is filled, as many rows as it has room for
     */
    static void unpack(int compression, long options, byte[] in, long offset, int width, byte[] out)
            throws DamagedImage {
        TiffFax fax = new TiffFax(in, width);
        int bytes = (width + 7) / 8;
        for (int row = 0; row < out.length / bytes; row++) {
            DamagedImage.throwIfUnwanted();
            fax.count = 0;
            fax.place = 0;
            fax.length = 0;
            boolean whole;
            if (compression == GROUP_4) {
                whole = fax.twoDimensions() && !fax.marked;
            } else if (compression == GROUP_3) {
                if (!fax.unmarked) {
                    fax.skipMark();
                }
                whole = (options & 1) == 0 || fax.bit() == 1 ? fax.oneDimension() : fax.twoDimensions();
            } else {
                whole = fax.oneDimension();
            }
            if (!whole && (compression != GROUP_4 || row == 0)) {
                throw DamagedImage.truncated();
            }
            fax.paint(out, row * bytes);
            if (!whole) {
                return;
            } else if (compression == GROUP_4 || (options & 1) != 0) {
                fax.keep();
            }
            fax.align(compression, offset);
        }
    }

    /** Goes to the byte or the word that the next row begins with. */
    private void align(int compression, long offset) {
        if (compression == ROWS) {
            have -= have % 8;
        } else if (compression == WORD_ROWS) {
            have -= have % 16;
            at += have == 0 && (offset + at) % 2 != 0 ? 1 : 0;
        }
    }

    /** Makes sure of some bits, with zeros behind the last ones; false where there are none at all. */
    private boolean need(int count) {
        while (have < count) {
            if (at < in.length) {
                bits = bits << 8 | in[at++] & 0xff;
                have += 8;
            } else if (have == 0) {
                return false;
            } else {
                bits <<= count - have;
                have = count;
            }
        }
        return true;
    }

    /** Bits that are there, without going on. */
    private int ahead(int count) {
        return bits >> have - count & (1 << count) - 1;
    }

    private int bit() throws DamagedImage {
        if (!need(1)) {
            throw DamagedImage.truncated();
        }
        return bits >> --have & 1;
    }

    private int code(int[] table, int longest, int markZeros) {
        if (!need(longest)) {
            return END;
        }
        int next = ahead(longest);
        int found = table[next];
        if (found == 0) {
            boolean mark = next >> longest - markZeros == 0;
            have -= mark ? markZeros : 0;
            return mark ? MARK : WRONG;
        }
        have -= found & 15;
        return found >> 4;
    }

    /** Goes behind the next eleven zeros or more and their one. Where there are only zeros, rows go on without marks, from the start. */
    private void skipMark() throws DamagedImage {
        while (!marked) {
            if (!need(MARK_ZEROS)) {
                throw DamagedImage.truncated();
            }
            marked = ahead(MARK_ZEROS) == 0;
            have -= marked ? 0 : 1;
        }
        boolean more = need(8);
        while (more && ahead(8) == 0) {
            have -= 8;
            more = need(8);
        }
        marked = false;
        if (more) {
            while (bit() == 0) {
                // More zeros fill up a byte.
            }
        } else {
            unmarked = true;
            at = 0;
            have = 0;
        }
    }

    /** Reads a row; false where the data ends ahead of it. */
    private boolean oneDimension() throws DamagedImage {
        int found = 0;
        for (int colour = 0; place < width && found >= 0; colour ^= 1) {
            boolean nothing = colour == 0 && count >= 2 && runs[count - 1] == 0 && runs[count - 2] == 0;
            count -= nothing ? 2 : 0;
            found = run(colour);
        }
        marked |= found == MARK;
        complete();
        return found != END;
    }

    /** Adds a run; returns at least 0, or what stands there instead. */
    private int run(int colour) throws DamagedImage {
        while (true) {
            int code = code(RUNS[colour], LONGEST_RUN[colour], MARK_ZEROS);
            if (code < 64) {
                if (code >= 0) {
                    add(code);
                }
                return code;
            }
            place += 64 * (code - 63);
            length += 64 * (code - 63);
        }
    }

    private void add(int more) throws DamagedImage {
        DamagedImage.require(count < runs.length, TOO_MANY);
        runs[count++] = length + more;
        place += more;
        length = 0;
    }

    /** Reads a row; false where the data ends ahead of it. */
    private boolean twoDimensions() throws DamagedImage {
        next = 0;
        change = before[next++];
        int found = 0;
        while (place < width && found >= 0) {
            DamagedImage.require(count < runs.length, TOO_MANY);
            found = code(MODE, LONGEST_MODE, LONGEST_MODE);
            if (found == HORIZONTAL) {
                found = horizontal();
                passChanges();
            } else if (found == MARK || found == EXTENSION) {
                runs[count++] = width - place;
                found = found == MARK ? mark() : WRONG;
            } else if (found == PASS) {
                passChanges();
                change += before[next++];
                length += change - place;
                place = change;
                change += before[next++];
            } else if (found != END) {
                passChanges();
                found = vertical(VERTICAL[found]);
            }
        }
        complete();
        return found != END;
    }

    private int horizontal() throws DamagedImage {
        int colour = count & 1;
        int first = run(colour);
        int found = first < 0 ? first : run(colour ^ 1);
        return found == MARK ? WRONG : found;
    }

    private int vertical(int shift) throws DamagedImage {
        if (change + Math.min(0, shift) < place) {
            return WRONG;
        }
        add(change - place + shift);
        change += shift < 0 ? -before[--next] : before[next++];
        return 0;
    }

    /** Reads the rest of a mark, whose zeros looked like a mode. */
    private int mark() {
        if (!need(4)) {
            return END;
        }
        have -= 4;
        marked = true;
        return MARK;
    }

    /** Goes to the row before's next change behind this place, to the other colour. */
    private void passChanges() {
        while (count > 0 && change <= place && change < width) {
            change += before[next++];
            change += before[next++];
        }
    }

    /** Makes the runs as long as the row. */
    private void complete() throws DamagedImage {
        if (length != 0) {
            add(0);
        }
        while (place > width && count > 0) {
            place -= runs[--count];
        }
        if (place < width) {
            place = Math.max(0, place);
            if (count % 2 == 1) {
                add(0);
            }
            add(width - place);
        } else if (place > width) {
            add(width);
            add(0);
        }
    }

    private void paint(byte[] out, int from) {
        int x = 0;
        for (int i = 0; i < count; i++) {
            runs[i] = runs[i] < 0 ? width - x : Math.min(runs[i], width - x);
            int end = x + runs[i];
            for (int black = i % 2 == 1 ? x : end; black < end; black++) {
                out[from + (black >> 3)] |= (byte) (0x80 >> (black & 7));
            }
            x = end;
        }
    }

    /** Keeps the row for the next one, with an end behind its runs. */
    private void keep() {
        if (count % 2 == 1 && count < runs.length) {
            runs[count++] = 0;
        }
        if (count < runs.length) {
            runs[count] = 0;
        }
        int[] free = before;
        before = runs;
        runs = free;
    }
}
