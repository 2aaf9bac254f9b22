package org.simreg.worker.search;

/** Lengths of feature rows, in float64. */
final class Unit {
    private Unit() {}

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

    /** Scales the rows to unit length in float64 and rounds them to float32; a new array. */
    static float[] scaled(float[] rows, int dimension) {
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
