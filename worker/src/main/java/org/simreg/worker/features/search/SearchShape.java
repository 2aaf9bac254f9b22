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
    SearchShape(RowSource rows, RoundedRows rounded, double[] center, Tiling tiling, boolean partialSums) {
        this(rows, rounded, center, tiling, new RoundingBound(rows.dimension(), partialSums));
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
     * @param rows most rows of a tile, which is multiplied with all queries at once; between tiles a search may be
     *     stopped
     * @param group rows that share one maximum; a power of two that divides {@code rows}
     * @param sample rows that give each query its first bound; at least the greatest k
     */
    record Tiling(int queries, int rows, int group, int sample) {
        static final Tiling DEFAULT = new Tiling(256, 16_384, 32, 4096);

        Tiling {
            if (Integer.bitCount(group) != 1 || rows % group != 0 || queries < 1 || sample < Shard.MAX_K) {
                throw new IllegalArgumentException("these sizes don't fit together");
            }
        }

        /** This tiling with tiles of equal size for a bank of so many rows, as many for each thread. */
        Tiling of(int size, int threads) {
            long tiles = Math.max(1, threads * ((size + (long) threads * rows - 1) / ((long) threads * rows)));
            long each = (size + tiles - 1) / tiles;
            return new Tiling(queries, (int) Math.max(group, whole(each)), group, sample);
        }

        /** The least multiple of a group that holds so many rows. */
        long whole(long rows) {
            return (rows + group - 1) / group * group;
        }
    }
}
