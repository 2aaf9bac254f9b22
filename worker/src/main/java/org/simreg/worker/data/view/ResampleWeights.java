package org.simreg.worker.data.view;

/**
 * One axis of Pillow's antialiased bilinear resampling: for every output position the first input
 * position and the weights, as fixed-point numbers of {@link #BITS} fractional bits. Every position
 * has the same number of weights; those that a position does not need are 0.
 */
final class ResampleWeights {
    /**
     * Fractional bits of a weight: 32, less 8 of the pixel, less 2 that Pillow keeps for other
     * filters.
     */
    static final int BITS = 22;

    int count;
    int[] first = new int[0];
    int[] weights = new int[0];
    private double[] exact = new double[0];

    /**
     * @param in input size
     * @param out output size of the whole axis
     * @param from first output position wanted
     * @param positions how many output positions are wanted
     */
    void compute(int in, int out, int from, int positions) {
        double scale = (double) in / out;
        double support = Math.max(scale, 1.0);
        count = Math.min(in, (int) Math.ceil(support) * 2 + 1);
        reserve(positions);
        int widest = 0;
        for (int i = 0; i < positions; i++) {
            widest = Math.max(widest, weigh(i, (from + i + 0.5) * scale, support, in));
        }
        narrow(Math.max(widest, Math.min(in, 2)), positions, in);
    }

    private void reserve(int positions) {
        if (first.length < positions) {
            first = new int[positions];
        }
        if (weights.length < positions * count) {
            weights = new int[positions * count];
        }
        if (exact.length < count) {
            exact = new double[count];
        }
    }

    private int weigh(int position, double centre, double support, int in) {
        double inverse = 1.0 / support;
        int start = Math.max((int) (centre - support + 0.5), 0);
        int taps = Math.min((int) (centre + support + 0.5), in) - start;
        double sum = 0;
        for (int t = 0; t < taps; t++) {
            double distance = Math.abs((t + start - centre + 0.5) * inverse);
            exact[t] = distance < 1.0 ? 1.0 - distance : 0.0;
            sum += exact[t];
        }
        int base = position * count;
        for (int t = 0; t < count; t++) {
            double weight = t < taps && sum != 0 ? exact[t] / sum : 0;
            weights[base + t] = (int) (0.5 + weight * (1 << BITS));
        }
        first[position] = start;
        while (taps > 1 && weights[base + taps - 1] == 0) {
            taps--;
        }
        return taps;
    }

    /**
     * Drops columns of weights that are 0 everywhere, and moves windows that would stick out at the
     * end.
     */
    private void narrow(int taps, int positions, int in) {
        for (int i = 0; i < positions; i++) {
            int excess = Math.max(0, first[i] + taps - in);
            for (int t = taps - 1; t >= 0; t--) {
                exact[t] = t < excess ? 0 : weights[i * count + t - excess];
            }
            for (int t = 0; t < taps; t++) {
                weights[i * taps + t] = (int) exact[t];
            }
            first[i] -= excess;
        }
        count = taps;
    }
}
