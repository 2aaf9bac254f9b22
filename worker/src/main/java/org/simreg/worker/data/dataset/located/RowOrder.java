package org.simreg.worker.data.dataset.located;

import java.util.Arrays;

/** Rows of columns in an order, sorted by merging: the library sorts ints by their value only, and objects take more. */
final class RowOrder {
    /** A comparison of two rows. */
    interface Comparison {
        int compare(int one, int other);
    }

    private final Comparison comparison;
    private final int[] rows;
    private final int[] spare;

    private RowOrder(int size, Comparison comparison) {
        this.comparison = comparison;
        rows = new int[size];
        spare = new int[size];
        Arrays.setAll(rows, row -> row);
    }

    /** The rows from 0 in their order; equal ones in the order in which they came. */
    static int[] of(int size, Comparison comparison) {
        RowOrder order = new RowOrder(size, comparison);
        order.sort(0, size);
        return order.rows;
    }

    private void sort(int from, int to) {
        if (to - from < 2) {
            return;
        }
        int middle = (from + to) >>> 1;
        sort(from, middle);
        sort(middle, to);
        if (comparison.compare(rows[middle - 1], rows[middle]) <= 0) {
            return;
        }
        System.arraycopy(rows, from, spare, from, middle - from);
        int left = from;
        int right = middle;
        int at = from;
        while (left < middle) {
            boolean first = right == to || comparison.compare(spare[left], rows[right]) <= 0;
            rows[at] = first ? spare[left++] : rows[right++];
            at++;
        }
    }
}
