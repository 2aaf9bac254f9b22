package org.simreg.worker.data.image.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/** The first directory of a TIFF file: the tags that hold whole numbers, and bytes. A cut directory ends where it is cut. */
final class TiffDirectory {
    static final int WIDTH = 256;
    static final int HEIGHT = 257;
    static final int BITS = 258;
    static final int COMPRESSION = 259;
    static final int PHOTOMETRIC = 262;
    static final int FILL_ORDER = 266;
    static final int STRIP_OFFSETS = 273;
    static final int ORIENTATION = 274;
    static final int SAMPLES = 277;
    static final int ROWS_PER_STRIP = 278;
    static final int STRIP_COUNTS = 279;
    static final int PLANES = 284;
    static final int FAX_OPTIONS = 292;
    static final int PREDICTOR = 317;
    static final int COLOURS = 320;
    static final int TILE_WIDTH = 322;
    static final int TILE_HEIGHT = 323;
    static final int TILE_OFFSETS = 324;
    static final int TILE_COUNTS = 325;
    static final int EXTRA_SAMPLES = 338;
    static final int SAMPLE_FORMAT = 339;
    static final int JPEG_TABLES = 347;

    /** Bytes of a value of each type; 0 if the type is unknown. */
    private static final int[] SIZES = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8};

    /** Values of a tag, at most: a strip for each row of a high picture, or four tables of colours. */
    private static final int MOST_VALUES = 1 << 18;

    /** Bytes of a tag, at most. */
    private static final int MOST_BYTES = 1 << 16;

    private final ByteBuffer file;
    private final boolean large;
    private final Map<Integer, Entry> entries = new HashMap<>();
    private boolean whole;

    /** A tag's values in the file. */
    private record Entry(int type, int count, int at) {}

    /**
     * Reads the first directory.
     *
     * @param file the whole file, from 0 to its limit
     */
    TiffDirectory(ByteBuffer file) throws DamagedImage {
        boolean bigEndian = file.get(0) == 'M';
        this.file = file.duplicate().order(bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
        large = file.get(2) == 43;
        long start = large ? this.file.getLong(8) : this.file.getInt(4) & 0xffffffffL;
        DamagedImage.require(start != 0, "it holds no picture");
        read(start);
    }

    boolean isBigEndian() {
        return file.order() == ByteOrder.BIG_ENDIAN;
    }

    private void read(long start) {
        int entry = large ? 20 : 12;
        long at = start + (large ? 8 : 2);
        if (start < 0 || at > file.limit()) {
            return;
        }
        long count = large ? file.getLong((int) start) : file.getShort((int) start) & 0xffff;
        for (long i = 0; i != count; i++, at += entry) {
            if (at + entry > file.limit()) {
                return;
            }
            int type = file.getShort((int) at + 2) & 0xffff;
            long values = large ? file.getLong((int) at + 4) : file.getInt((int) at + 4) & 0xffffffffL;
            int unit = type < SIZES.length ? SIZES[type] : 0;
            if (unit == 0 || values == 0) {
                continue;
            }
            int place = (int) at + (large ? 12 : 8);
            boolean apart = values < 0 || values > (large ? 8 : 4) / unit;
            long data = !apart ? place : large ? file.getLong(place) : file.getInt(place) & 0xffffffffL;
            if (values < 0 || data < 0 || data > file.limit() || values > (file.limit() - data) / unit) {
                // Pillow leaves out what follows a tag that the file cuts short.
                return;
            }
            entries.put(file.getShort((int) at) & 0xffff, new Entry(type, (int) values, (int) data));
        }
        whole = true;
    }

    /** Whether neither the directory nor what a tag of it points to is cut short; libtiff wants so, Pillow doesn't. */
    boolean isWhole() {
        return whole;
    }

    boolean has(int tag) {
        return entries.containsKey(tag);
    }

    /**
     * Its first value, or what it is without the tag.
     *
     * @throws DamagedImage if it is no whole number
     */
    long value(int tag, long without) throws DamagedImage {
        return has(tag) ? value(entries.get(tag), 0, tag) : without;
    }

    /**
     * All its values; none without the tag.
     *
     * @throws DamagedImage if they are no whole numbers, or more than any picture needs
     */
    long[] values(int tag) throws DamagedImage {
        Entry entry = entries.get(tag);
        if (entry == null) {
            return new long[0];
        }
        DamagedImage.require(
                entry.count <= MOST_VALUES,
                "its tag %d has %d values; %d are the most".formatted(tag, entry.count, MOST_VALUES));
        long[] values = new long[entry.count];
        for (int i = 0; i < values.length; i++) {
            values[i] = value(entry, i, tag);
        }
        return values;
    }

    /**
     * Its bytes.
     *
     * @throws DamagedImage if they are more than any picture needs
     */
    byte[] bytes(int tag) throws DamagedImage {
        Entry entry = entries.get(tag);
        if (entry == null) {
            return new byte[0];
        }
        long length = (long) entry.count * SIZES[entry.type];
        DamagedImage.require(
                length <= MOST_BYTES, "its tag %d has %d bytes; %d are the most".formatted(tag, length, MOST_BYTES));
        byte[] bytes = new byte[(int) length];
        file.get(entry.at, bytes);
        return bytes;
    }

    private long value(Entry entry, int index, int tag) throws DamagedImage {
        int at = entry.at + index * SIZES[entry.type];
        return switch (entry.type) {
            case 3 -> file.getShort(at) & 0xffff;
            case 4, 13 -> file.getInt(at) & 0xffffffffL;
            case 6 -> file.get(at);
            case 8 -> file.getShort(at);
            case 9 -> file.getInt(at);
            case 16 -> file.getLong(at);
            default -> throw new DamagedImage("its tag " + tag + " is no whole number");
        };
    }
}
