package org.simreg.worker.probe;

/**
 * What standardises features: {@code (x - mean) * scale} for every dimension.
 *
 * @param mean (D) of the rows
 * @param scale (D) {@code 1 / sqrt(variance + 1e-5)}, the variance unbiased
 */
record Standard(float[] mean, float[] scale) {
    private static final double EPSILON = 1e-5;

    /** Of some rows, in float64. */
    static Standard of(Selection rows) {
        int width = rows.bank().dimension();
        double[] mean = new double[width];
        float[] row = new float[width];
        for (int i = 0; i < rows.size(); i++) {
            rows.copy(i, row, 0);
            for (int d = 0; d < width; d++) {
                mean[d] += row[d] / rows.size();
            }
        }
        double[] squares = new double[width];
        for (int i = 0; i < rows.size(); i++) {
            rows.copy(i, row, 0);
            for (int d = 0; d < width; d++) {
                squares[d] += (row[d] - mean[d]) * (row[d] - mean[d]);
            }
        }
        return of(mean, squares, rows.size());
    }

    private static Standard of(double[] mean, double[] squares, int rows) {
        float[] centre = new float[mean.length];
        float[] scale = new float[mean.length];
        for (int d = 0; d < mean.length; d++) {
            double variance = squares[d] / Math.max(1, rows - 1);
            centre[d] = (float) mean[d];
            scale[d] = (float) (1 / Math.sqrt(variance + EPSILON));
        }
        return new Standard(centre, scale);
    }
}
