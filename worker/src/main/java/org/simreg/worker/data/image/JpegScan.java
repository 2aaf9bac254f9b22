package org.simreg.worker.data.image;

import java.nio.ByteBuffer;
import org.simreg.worker.data.image.format.DamagedImage;

/**
 * The Huffman-coded data of a JPEG file's only scan, walked over as libjpeg-turbo does it for Pillow: pieces of a file are
 * handed to it, and where one ends within a unit, the unit waits for the next. So a file without its end is whole if all
 * units can be had from what follows them, be it junk.
 */
final class JpegScan {
    /** Bytes that Pillow hands on at once. */
    private static final int PIECE = 1 << 16;

    /** Bytes ahead that each block of a unit must have to be read the fast way, with fewer looks at the end. */
    private static final int FAST_BYTES = 512;

    /** Bits that a fill ends with, at least. */
    private static final int FILLED = 57;

    private static final int LOOK_AHEAD = 8;
    private static final int LONGEST = 16;
    private static final int COEFFICIENTS = 64;
    private static final int FIRST_RESTART = 0xd0;

    private final ByteBuffer file;
    private final Table[] tables = new Table[32];
    private int interval;
    private int[] blocks;
    private long units;
    private int at;
    private int end;
    private long bits;
    private int left;
    private int marker;
    private boolean zerosOnly;
    private int restart;

    /**
     * A Huffman table.
     *
     * @param last the last code of each length, or -1
     * @param offset what is added to a code of each length to find its symbol
     */
    private record Table(int[] last, int[] offset, byte[] symbols) {}

    JpegScan(ByteBuffer file) {
        this.file = file;
    }

    /** Takes a segment with Huffman tables, given by where its length stands. */
    void tables(int from) {
        int until = from + big(from);
        for (int i = from + 2; i + LONGEST < until; ) {
            int name = at(i);
            int[] last = new int[LONGEST + 2];
            int[] offset = new int[LONGEST + 2];
            int code = 0;
            int count = 0;
            for (int length = 1; length <= LONGEST; length++) {
                int more = at(i + length);
                offset[length] = count - code;
                code += more;
                count += more;
                last[length] = more == 0 ? -1 : code - 1;
                code <<= 1;
            }
            last[LONGEST + 1] = Integer.MAX_VALUE;
            byte[] symbols = new byte[256];
            file.get(i + 1 + LONGEST, symbols, 0, Math.min(count, 256));
            tables[name & 0x1f] = new Table(last, offset, symbols);
            i += 1 + LONGEST + count;
        }
    }

    /** Takes the segment that says after how many units a restart comes, given by where its length stands. */
    void interval(int from) {
        interval = big(from + 2);
    }

    /**
     * Whether all units can be had.
     *
     * @param frame where the length of the frame header stands
     * @param scan where the length of the scan's header stands
     */
    boolean isWhole(int frame, int scan) {
        start(frame, scan);
        for (long unit = 0; unit < units; unit++) {
            if (unit % 4096 == 0) {
                DamagedImage.throwIfUnwanted();
            }
            if (unit > 0 && interval > 0 && unit % interval == 0) {
                left = 0;
                while (!restarted()) {
                    if (!more()) {
                        return false;
                    }
                }
                restart = restart + 1 & 7;
                zerosOnly &= marker != 0;
            }
            if (zerosOnly && interval == 0) {
                return true;
            }
            while (!zerosOnly && !unit()) {
                if (!more()) {
                    return false;
                }
            }
        }
        return true;
    }

    private void start(int frame, int scan) {
        int count = at(frame + 7);
        int across = 1;
        int down = 1;
        int perUnit = 0;
        for (int i = 0; i < count; i++) {
            int sampling = at(frame + 9 + 3 * i);
            across = Math.max(across, sampling >> 4);
            down = Math.max(down, sampling & 15);
            perUnit += (sampling >> 4) * (sampling & 15);
        }
        blocks = new int[count == 1 ? 1 : perUnit];
        for (int i = 0, block = 0; i < count; i++) {
            int sampling = at(frame + 9 + 3 * i);
            int names = at(scan + 4 + 2 * i);
            for (int b = 0; b < (sampling >> 4) * (sampling & 15) && block < blocks.length; b++) {
                blocks[block++] = names;
            }
        }
        // The blocks of a single channel stand alone, whatever its sampling.
        long columns = (big(frame + 5) + 8L * (count == 1 ? 1 : across) - 1) / (8L * (count == 1 ? 1 : across));
        long rows = (big(frame + 3) + 8L * (count == 1 ? 1 : down) - 1) / (8L * (count == 1 ? 1 : down));
        units = columns * rows;
        at = scan + big(scan);
        end = Math.min(file.limit(), Math.max(1, (at + PIECE - 1) / PIECE) * PIECE);
    }

    private boolean more() {
        boolean more = end < file.limit();
        end = Math.min(file.limit(), end + PIECE);
        return more;
    }

    /** Goes to the restart that is due, or stays at a later marker; false where the data ends before. */
    private boolean restarted() {
        boolean there = marker != 0 || nextMarker();
        while (there) {
            int ahead = marker - FIRST_RESTART - restart & 7;
            boolean isRestart = marker >= FIRST_RESTART && marker < FIRST_RESTART + 8;
            if (marker < 0xc0 || isRestart && (ahead == 6 || ahead == 7)) {
                marker = 0;
                there = nextMarker();
            } else {
                boolean later = !isRestart || ahead == 1 || ahead == 2;
                marker = later ? marker : 0;
                return true;
            }
        }
        return false;
    }

    private boolean nextMarker() {
        int from = at;
        while (at < end) {
            if (at(at) != 0xff) {
                from = ++at;
                continue;
            }
            while (at < end && at(at) == 0xff) {
                at++;
            }
            if (at == end) {
                break;
            }
            int found = at(at++);
            if (found != 0) {
                marker = found;
                return true;
            }
            from = at;
        }
        at = from;
        return false;
    }

    /** Reads a unit, the fast way where it can; false, with nothing changed, where the data ends before. */
    private boolean unit() {
        int wasAt = at;
        long wereBits = bits;
        int wereLeft = left;
        boolean fast = interval == 0 && marker == 0 && end - at >= FAST_BYTES * blocks.length;
        if (fast && unit(true) && marker == 0) {
            return true;
        }
        if (fast) {
            at = wasAt;
            bits = wereBits;
            left = wereLeft;
            marker = 0;
        }
        boolean whole = unit(false);
        if (!whole) {
            at = wasAt;
            bits = wereBits;
            left = wereLeft;
        }
        return whole;
    }

    private boolean unit(boolean fast) {
        for (int names : blocks) {
            Table first = table(names >> 4);
            Table others = table(16 | names & 15);
            int size = symbol(first, fast);
            if (size < 0 || !skip(size, fast)) {
                return false;
            }
            for (int k = 1; k < COEFFICIENTS; k++) {
                int symbol = symbol(others, fast);
                if (symbol < 0 || !skip(symbol & 15, fast)) {
                    return false;
                }
                k += symbol >> 4;
                if ((symbol & 15) == 0 && symbol >> 4 != 15) {
                    break;
                }
            }
        }
        return true;
    }

    private Table table(int name) {
        Table table = tables[name & 0x1f];
        if (table == null) {
            throw new IndexOutOfBoundsException("there is no Huffman table " + name);
        }
        return table;
    }

    private boolean skip(int count, boolean fast) {
        if (fast) {
            fillFast();
        } else if (left < count && !fill(count)) {
            return false;
        }
        left -= count;
        return true;
    }

    /** The next symbol, or -1 where the data ends before. */
    private int symbol(Table table, boolean fast) {
        if (fast) {
            fillFast();
        } else if (left < LOOK_AHEAD && !fill(0)) {
            return -1;
        }
        // Short codes are looked up at once; others are read bit by bit, from where the lookup ends.
        int length = 1;
        while (left >= LOOK_AHEAD && length <= LOOK_AHEAD && peek(length) > table.last[length]) {
            length++;
        }
        if (!fast && left < length && !fill(length)) {
            return -1;
        }
        int code = peek(length);
        left -= length;
        while (code > table.last[length]) {
            if (!fast && left < 1 && !fill(1)) {
                return -1;
            }
            code = code << 1 | peek(1);
            left--;
            length++;
        }
        return length > LONGEST ? 0 : table.symbols[code + table.offset[length] & 0xff] & 0xff;
    }

    private int peek(int count) {
        return (int) (bits >>> left - count) & (1 << count) - 1;
    }

    private void fillFast() {
        for (int i = 0; left <= 16 + 8 * i && i < 6 && marker == 0; i++) {
            int c = at(at++);
            if (c == 0xff) {
                marker = at(at++);
            }
            bits = bits << 8 | c;
            left += 8;
        }
        left = marker == 0 ? left : 64;
    }

    private boolean fill(int wanted) {
        while (marker == 0 && left < FILLED) {
            int c = 0;
            boolean escaped = false;
            do {
                escaped |= c == 0xff;
                if (at == end) {
                    return false;
                }
                c = at(at++);
            } while (c == 0xff);
            if (escaped && c != 0) {
                marker = c;
            } else {
                bits = bits << 8 | (escaped ? 0xff : c);
                left += 8;
            }
        }
        if (wanted > left) {
            zerosOnly = true;
            bits <<= FILLED - left;
            left = FILLED;
        }
        return true;
    }

    private int at(int position) {
        return file.get(position) & 0xff;
    }

    private int big(int position) {
        return at(position) << 8 | at(position + 1);
    }
}
