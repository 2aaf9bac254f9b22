package org.simreg.worker.features.search;

/**
 * The bound on how far a score in low precision can be from the cosine in float64, by which rows
 * are dropped without changing an answer.
 *
 * <p>With x' and q' the rounded row and query, {@code <q,x> - <q',x'> = <q-q',x> + <q',x-x'>}, and
 * by Cauchy and Schwarz neither term exceeds the product of the two lengths. The lengths of what
 * rounding took away are measured, not estimated. A sum of n float32 products in any order is off
 * by at most {@code n u / (1 - n u)} times the product of the lengths (Higham, Accuracy and
 * Stability of Numerical Algorithms, section 3.1); u is doubled for units that truncate.
 *
 * <p>The score's own rounding to bfloat16 is monotone. So it costs nothing if the bound is rounded
 * down to bfloat16: a sum that reaches the bound still reaches it when both are rounded.
 */
final class RoundingBound {
    /** A GPU, or a CPU without oneDNN, may round partial sums to bfloat16 before it adds them, at each of two levels. */
    private static final double PARTIAL_SUMS = 0x1p-7;

    private final double products;
    private final double slack;
    private final double partial;

    /**
     * @param dimension D, numbers a product
     * @param partialSums whether the device may round partial sums to bfloat16
     */
    RoundingBound(int dimension, boolean partialSums) {
        // Eight more than D: a row's scale, which multiplies the sum, is one.
        double units = (dimension + 8) * 0x1p-23;
        products = units < 0.5 ? units / (1 - units) : Double.POSITIVE_INFINITY;
        // Float64 sums on both sides, lengths measured in float64, and denormals taken for zero.
        slack = 8.0 * (dimension + 8) * 0x1p-53;
        partial = partialSums ? PARTIAL_SUMS : 0;
    }

    /**
     * Greatest distance between score and cosine of a query in bfloat16, whatever the row was rounded to.
     *
     * @param query length of the rounded query
     * @param queryLoss length of what rounding took from the query
     * @param row greatest length of a row
     * @param rowLoss greatest length of what rounding took from a row
     */
    double bfloat16(double query, double queryLoss, double row, double rowLoss) {
        double rounding = queryLoss * row + query * rowLoss;
        return rounding + (products + partial) * query * (row + rowLoss) + slack;
    }

    /**
     * Greatest distance between cosine and float32 sum of a query and rows in float16, whose products float32 holds.
     *
     * @param query length of the query
     * @param queryLoss length of what rounding took from the query
     * @param row greatest length of a row
     * @param rowLoss greatest length of what rounding took from a row
     */
    double float16(double query, double queryLoss, double row, double rowLoss) {
        double rounding = queryLoss * row + (query + queryLoss) * rowLoss;
        return rounding + products * (query + queryLoss) * (row + rowLoss) + slack;
    }

    /**
     * Greatest distance between score and cosine of a query in one digit of eight bits or two. Sums are whole numbers; digits that
     * count from 128 are longer than the query, but less than D times as long.
     *
     * @param query length of the query that the digits say
     * @param queryLoss length of what they lack
     * @param row greatest length of a row
     * @param rowLoss greatest length of what rounding took from a row
     */
    double digits(double query, double queryLoss, double row, double rowLoss) {
        double rounding = queryLoss * row + query * rowLoss;
        return rounding + 2 * products * query * (row + rowLoss) + slack;
    }

    /** Greatest distance of a float32 product from the cosine, for lengths up to these. */
    double float32(double query, double row) {
        return products * query * row + slack;
    }

    /** The greatest number that float16 rounds to this one or less; where small numbers are zero, too. */
    static double aboveFloat16(double rounded) {
        return rounded + Math.abs(rounded) * 0x1p-11 + 0x1p-14;
    }

    /** The greatest bfloat16 number that is not above the value. */
    static float downToBfloat16(double value) {
        float near = down(value);
        int bits = Float.floatToRawIntBits(near);
        int cut = bits & 0xFFFF0000;
        if (bits != cut && bits < 0) {
            cut += 0x10000;
        }
        return Float.intBitsToFloat(cut);
    }

    /** The greatest float32 number that is not above the value. */
    static float down(double value) {
        float near = (float) value;
        return near > value ? Math.nextDown(near) : near;
    }
}
