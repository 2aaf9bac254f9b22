package org.simreg.worker.data.dataset.located;

import java.util.Arrays;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.FileNames;

/** A column of texts: their bytes in one array, one after the other. A text costs its bytes and four. */
public final class TextColumn {
    /** Some VMs have no longer arrays. */
    private static final int LONGEST = Integer.MAX_VALUE - 8;

    private final IntColumn ends = new IntColumn();
    private byte[] bytes = new byte[1 << 10];

    /**
     * Adds a text and returns its row.
     *
     * @throws UserError if all have more than 2 GB together
     */
    public int add(String text) {
        byte[] added = FileNames.bytes(text);
        int from = end(size() - 1);
        if (added.length > LONGEST - from) {
            throw new UserError("The names of the images have more than %d bytes; make several data sets of them"
                    .formatted(LONGEST));
        }
        int end = from + added.length;
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(LONGEST, Math.max(end, bytes.length * 3L / 2)));
        }
        System.arraycopy(added, 0, bytes, from, added.length);
        ends.add(end);
        return size() - 1;
    }

    /** How many texts. */
    public int size() {
        return ends.size();
    }

    private int end(int row) {
        return row < 0 ? 0 : ends.get(row);
    }

    /** The text in a row. */
    public String get(int row) {
        return FileNames.text(Arrays.copyOfRange(bytes, end(row - 1), end(row)));
    }

    /** The number of bytes of the text in a row. */
    int length(int row) {
        return end(row) - end(row - 1);
    }

    /** Copies the bytes of a row, and returns where they end. */
    int copy(int row, byte[] into, int at) {
        System.arraycopy(bytes, end(row - 1), into, at, length(row));
        return at + length(row);
    }

    /** Whether a row has a text of these bytes. */
    boolean holds(int row, byte[] text) {
        return Arrays.equals(bytes, end(row - 1), end(row), text, 0, text.length);
    }

    /** Which of two rows is first, by their bytes. */
    int compare(int one, int other) {
        return Arrays.compareUnsigned(bytes, end(one - 1), end(one), bytes, end(other - 1), end(other));
    }

    /** The rows in the order of their bytes. */
    public int[] order() {
        return RowOrder.of(size(), this::compare);
    }

    /** The hash of a row's bytes, as {@link Arrays#hashCode(byte[])}. */
    int hash(int row) {
        int hash = 1;
        for (int i = end(row - 1); i < end(row); i++) {
            hash = 31 * hash + bytes[i];
        }
        return hash;
    }
}
