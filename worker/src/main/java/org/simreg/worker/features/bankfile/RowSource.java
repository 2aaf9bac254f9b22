package org.simreg.worker.features.bankfile;

/**
 * Rows of features that can be searched: (N, D) float32, in ascending order of their ids. Reading
 * is safe from any number of threads.
 */
public interface RowSource {
    /** N. */
    int size();

    /** D. */
    int dimension();

    /** Id of a row; greater than those of the rows before. */
    long id(int row);

    /** Class of a row, or -1. */
    int label(int row);

    /** Copies a row's D features to {@code into} from {@code at} on. */
    void copy(int row, float[] into, int at);

    /** Length of the D numbers from {@code from} on; NaN or infinite if one of them is. */
    static double length(float[] rows, int from, int dimension) {
        double squares = 0;
        for (int d = from; d < from + dimension; d++) {
            squares += (double) rows[d] * rows[d];
        }
        return Math.sqrt(squares);
    }

    /** Whether a row of that length can be scaled to unit length. */
    static boolean hasDirection(double length) {
        return length > 0 && length < Double.POSITIVE_INFINITY;
    }

    /**
     * Queries scaled to unit length in float64 and rounded to float32.
     *
     * @param rows (Q, D), of any length above zero; not changed
     * @throws IllegalArgumentException if one has no direction; the message has its number
     */
    static float[] unit(float[] rows, int dimension) {
        float[] scaled = new float[rows.length];
        for (int from = 0; from < rows.length; from += dimension) {
            double length = length(rows, from, dimension);
            if (!hasDirection(length)) {
                throw new IllegalArgumentException(
                        "query %d has length %s, so it has no direction; give finite numbers that are not all zero"
                                .formatted(from / dimension, length));
            }
            for (int d = from; d < from + dimension; d++) {
                scaled[d] = (float) (rows[d] / length);
            }
        }
        return scaled;
    }
}
