package org.simreg.worker.search;

/**
 * What all threads of all searches read.
 *
 * @param rows float32, as they are
 * @param rounded the same less the center, bfloat16
 * @param center (D) float64
 * @param tiling sizes of the pieces
 * @param bound of this dimension and device
 */
record Survey(Rows rows, RoundedRows rounded, double[] center, Tiling tiling, Bound bound) {
    Survey(Rows rows, RoundedRows rounded, double[] center, Tiling tiling, boolean cuda) {
        this(rows, rounded, center, tiling, new Bound(rows.dimension(), cuda));
    }

    double centerLength() {
        double squares = 0;
        for (double value : center) {
            squares += value * value;
        }
        return Math.sqrt(squares);
    }
}
