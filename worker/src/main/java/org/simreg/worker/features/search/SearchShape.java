package org.simreg.worker.features.search;

import org.simreg.worker.features.bankfile.RowSource;

/**
 * A shard's rows, exact and rounded, with their center, tiling and rounding bound; all searching threads share it,
 * read-only.
 *
 * @param rows float32, as they are
 * @param rounded the same less the center, bfloat16
 * @param center (D) float64
 * @param tiling sizes of the pieces
 * @param bound of this dimension and device
 */
record SearchShape(
        RowSource rows, RoundedRows rounded, double[] center, SearchShape.Tiling tiling, RoundingBound bound) {
    SearchShape(RowSource rows, RoundedRows rounded, double[] center, Tiling tiling, boolean cuda) {
        this(rows, rounded, center, tiling, new RoundingBound(rows.dimension(), cuda));
    }

    /** Length of the center. */
    double centerLength() {
        double squares = 0;
        for (double value : center) {
            squares += value * value;
        }
        return Math.sqrt(squares);
    }

    /**
     * The sizes of a search's pieces; they decide speed and memory, never the answer.
     *
     * @param queries most queries that travel through the rows together
     * @param rows rows of one product with all queries, whose (rows, queries) scores stay in a
     *     core's second-level cache
     * @param group rows that share one maximum; divides {@code rows}
     * @param span most products of one call into libtorch, of {@code rows} each; between calls it
     *     may be stopped
     * @param sample rows that give each query its first bound; at least the greatest k
     */
    record Tiling(int queries, int rows, int group, int span, int sample) {
        static final Tiling DEFAULT = new Tiling(256, 1024, 32, 16, 4096);

        /** Few queries have few scores a row, and get more rows a product. */
        private static final int TALLEST = 16;

        Tiling {
            if (rows % group != 0 || Math.min(queries, span) < 1 || sample < Shard.MAX_K) {
                throw new IllegalArgumentException("these sizes don't fit together");
            }
        }

        /** Rows of one product with so many queries. */
        int rows(int width) {
            return rows * Math.max(1, Math.min(TALLEST, queries / width));
        }
    }
}
