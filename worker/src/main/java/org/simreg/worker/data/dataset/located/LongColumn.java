package org.simreg.worker.data.dataset.located;

import java.util.Arrays;
import java.util.Objects;

/** A column of longs that grows. */
public final class LongColumn {
    private long[] values = new long[16];
    private int size;

    /** Adds a value. */
    public void add(long value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size + size / 2);
        }
        values[size] = value;
        size++;
    }

    /** How many values. */
    public int size() {
        return size;
    }

    /** The value in a row. */
    public long get(int row) {
        return values[Objects.checkIndex(row, size)];
    }
}
