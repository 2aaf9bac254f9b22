package org.simreg.worker.data.dataset.located;

import java.util.Arrays;
import java.util.Objects;

/** A column of ints that grows. */
public final class IntColumn {
    private int[] values = new int[16];
    private int size;

    /** Adds a value. */
    public void add(int value) {
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
    public int get(int row) {
        return values[Objects.checkIndex(row, size)];
    }

    /** Puts another value in a row. */
    public void set(int row, int value) {
        values[Objects.checkIndex(row, size)] = value;
    }
}
