package org.simreg.worker.features.knn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.simreg.worker.features.bankfile.RowSource;

/**
 * A growing bank in memory: feature rows of unit length with the id and the class of their image:
 * (N, D) float32, row-major.
 *
 * <p>Memory is taken as rows arrive, {@code 4 D + 8} bytes a row, so that the capacity is a bound
 * and not a reservation; a bank may hold more than 2^31 numbers. One thread adds; once nothing is
 * added any more, any number of threads may read.
 *
 * <p>A row without a direction (length zero, or with a NaN or an infinity in it) is kept as zeros:
 * its cosine with every row is exactly 0, so it never decides anything by chance. {@link
 * #directionless} counts such rows.
 */
public final class FeatureBank {
    /** Rows that memory is taken for at once. */
    private static final int BLOCK = 64;

    private final int capacity;
    private final int dimension;
    private final List<float[]> blocks = new ArrayList<>();
    private int[] ids = new int[0];
    private int[] labels = new int[0];
    private int size;
    private int directionless;

    /**
     * @param capacity most rows the bank may hold, at least 1
     * @param dimension D, features a row, at least 1
     */
    public FeatureBank(int capacity, int dimension) {
        if (capacity < 1 || dimension < 1) {
            throw new IllegalArgumentException("a feature bank needs a capacity and a dimension of at least 1, not "
                    + capacity
                    + " and "
                    + dimension);
        }
        this.capacity = capacity;
        this.dimension = dimension;
    }

    /**
     * Adds rows, scaled to unit length in float64 and rounded to float32.
     *
     * @param rows (n, D) row-major, of any length; copied
     * @param ids (n) image ids, each at most once in a bank: they decide between equal cosines
     * @param labels (n) class numbers, 0 or more
     * @throws IllegalArgumentException if the sizes disagree, a label is negative or the capacity
     *     is exceeded; the bank is then as before
     */
    public void add(float[] rows, int[] ids, int[] labels) {
        int n = ids.length;
        if (labels.length != n || rows.length != (long) n * dimension) {
            throw new IllegalArgumentException(
                    "%d features, %d ids and %d labels are not rows of %d features with an id and a label each"
                            .formatted(rows.length, n, labels.length, dimension));
        }
        if (n > capacity - size) {
            throw new IllegalArgumentException(
                    "%d rows don't fit behind the %d in a bank for %d".formatted(n, size, capacity));
        }
        if (Arrays.stream(labels).anyMatch(label -> label < 0)) {
            throw new IllegalArgumentException("a label is negative: classes count from 0");
        }
        reserve(size + n);
        System.arraycopy(ids, 0, this.ids, size, n);
        System.arraycopy(labels, 0, this.labels, size, n);
        for (int i = 0; i < n; i++) {
            normalize(rows, i * dimension, size++);
        }
    }

    /** Rows held. */
    public int size() {
        return size;
    }

    /** D, the features a row. */
    public int dimension() {
        return dimension;
    }

    /** Rows that had length zero, a NaN or an infinity, and are kept as zeros. */
    public int directionless() {
        return directionless;
    }

    /**
     * The id of the image whose feature is in {@code row}, 0 to size - 1 in the order of adding.
     */
    public int id(int row) {
        return ids[row];
    }

    /** The class of the image whose feature is in {@code row}. */
    public int label(int row) {
        return labels[row];
    }

    /** Classes of all rows in the order of adding; a copy. */
    public int[] labels() {
        return Arrays.copyOf(labels, size);
    }

    /** A copy of one row: D numbers of unit length, or all zero. */
    public float[] row(int row) {
        int at = offset(row);
        return Arrays.copyOfRange(block(row), at, at + dimension);
    }

    /** Copies one row into an array from a position on. */
    public void copy(int row, float[] into, int at) {
        System.arraycopy(block(row), offset(row), into, at, dimension);
    }

    private float[] block(int row) {
        return blocks.get(row / BLOCK);
    }

    /** Position of a row's first value in its block. */
    private int offset(int row) {
        return row % BLOCK * dimension;
    }

    private void reserve(int rows) {
        if (rows > ids.length) {
            int room = (int) Math.min(capacity, Math.max(rows, ids.length * 3L / 2));
            ids = Arrays.copyOf(ids, room);
            labels = Arrays.copyOf(labels, room);
        }
        while ((long) blocks.size() * BLOCK < rows) {
            blocks.add(new float[BLOCK * dimension]);
        }
    }

    private void normalize(float[] rows, int from, int row) {
        double length = RowSource.length(rows, from, dimension);
        if (!RowSource.hasDirection(length)) {
            directionless++;
            return;
        }
        float[] block = block(row);
        int at = offset(row);
        for (int d = 0; d < dimension; d++) {
            block[at + d] = (float) (rows[from + d] / length);
        }
    }
}
