package org.simreg.worker.data.view;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.simreg.proto.Interpolation;
import org.simreg.worker.data.image.RgbImage;

/**
 * Pillow's antialiased resize, bilinear and bicubic, to the bit: fixed-point weights, the horizontal pass first,
 * rounded to bytes in between. Keeps its workspace; one belongs to one decode thread.
 *
 * <p>The horizontal pass of the bilinear one takes two rows at once, with two channels in every long: the sums of
 * bilinear weights stay below 2^31, so they never touch. The vertical pass is plain loops over
 * ints, which the compiler turns into vector instructions; both have loops of their own for the two
 * to four weights of ordinary crops.
 */
final class Resampler {
    private static final int HALF = 1 << (Weights.BITS - 1);
    private static final long HALVES = (long) HALF << 32 | HALF;
    private static final int HIGH = Weights.BITS + 32;
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final Weights columns = new Weights();
    private final Weights rows = new Weights();
    private long[] pair = new long[0];
    private int[] middle = new int[0];
    private int[] sums = new int[0];

    /**
     * Resizes a part of an image and writes a window of the result.
     *
     * @param image the source
     * @param box the part of the image that is resized; pixels around it play no role
     * @param width the width that the part is resized to
     * @param height the height that the part is resized to
     * @param window which pixels of the resized part are wanted
     * @param flip whether the window is mirrored left to right
     * @param interpolation of the pixels
     * @param out takes {@code 3 * window.width * window.height} bytes of interleaved RGB
     */
    void resize(
            RgbImage image,
            Crop box,
            int width,
            int height,
            Crop window,
            boolean flip,
            Interpolation interpolation,
            byte[] out) {
        boolean cubic = interpolation == Interpolation.BICUBIC;
        columns.compute(box.width(), width, window.x(), window.width(), cubic);
        rows.compute(box.height(), height, window.y(), window.height(), cubic);
        int top = rows.first[0];
        int bottom = rows.first[window.height() - 1] + rows.count;
        int stride = 3 * window.width();
        reserve(box.width(), bottom - top, stride);
        for (int y = top; cubic && y < bottom; y++) {
            acrossSigned(image, 3 * ((box.y() + y) * image.width + box.x()), window.width(), flip, (y - top) * stride);
        }
        for (int y = top; !cubic && y < bottom; y += 2) {
            int next = Math.min(y + 1, bottom - 1);
            unpack(image, box, y, next);
            int to = (y - top) * stride;
            across(window.width(), flip, to, to + (next - y) * stride);
        }
        for (int i = 0; i < window.height(); i++) {
            down(i, top, stride);
            int to = i * stride;
            for (int j = 0; j < stride; j++) {
                out[to + j] = (byte) (cubic ? rounded(sums[j]) : sums[j] >>> Weights.BITS);
            }
        }
    }

    private void reserve(int sourceWidth, int sourceRows, int stride) {
        if (pair.length < 3 * sourceWidth) {
            pair = new long[3 * sourceWidth];
        }
        if (middle.length < sourceRows * stride) {
            middle = new int[sourceRows * stride];
        }
        if (sums.length < stride) {
            sums = new int[stride];
        }
    }

    /**
     * Two rows as (R,G) (B,R') (G',B') per pixel. Reads a byte past a pixel: {@link RgbImage} has
     * one to spare.
     */
    private void unpack(RgbImage image, Crop box, int row0, int row1) {
        byte[] rgb = image.rgb;
        long[] to = pair;
        int p = 3 * ((box.y() + row0) * image.width + box.x());
        int q = 3 * ((box.y() + row1) * image.width + box.x());
        int end = 3 * box.width();
        for (int i = 0; i < end; i += 3) {
            int a = (int) INTS.get(rgb, p + i);
            int b = (int) INTS.get(rgb, q + i);
            to[i] = (a & 0xff) | (a & 0xff00L) << 24;
            to[i + 1] = (a >>> 16 & 0xff) | (b & 0xffL) << 32;
            to[i + 2] = (b >>> 8 & 0xff) | (b & 0xff0000L) << 16;
        }
    }

    private void across(int width, boolean flip, int to0, int to1) {
        int step = flip ? -3 : 3;
        int column = flip ? 3 * (width - 1) : 0;
        switch (columns.count) {
            case 2 -> acrossTwo(width, step, to0 + column, to1 + column);
            case 3 -> acrossThree(width, step, to0 + column, to1 + column);
            case 4 -> acrossFour(width, step, to0 + column, to1 + column);
            default -> acrossMany(width, step, to0 + column, to1 + column);
        }
    }

    private void acrossTwo(int width, int step, int to0, int to1) {
        int[] weights = columns.weights;
        int[] first = columns.first;
        long[] from = pair;
        for (int x = 0, i = to0, j = to1; x < width; x++, i += step, j += step) {
            int p = 3 * first[x];
            long u = weights[2 * x];
            long v = weights[2 * x + 1];
            long a = HALVES + u * from[p] + v * from[p + 3];
            long b = HALVES + u * from[p + 1] + v * from[p + 4];
            long c = HALVES + u * from[p + 2] + v * from[p + 5];
            store(i, j, a, b, c);
        }
    }

    private void acrossThree(int width, int step, int to0, int to1) {
        int[] weights = columns.weights;
        int[] first = columns.first;
        long[] from = pair;
        for (int x = 0, i = to0, j = to1; x < width; x++, i += step, j += step) {
            int p = 3 * first[x];
            long u = weights[3 * x];
            long v = weights[3 * x + 1];
            long w = weights[3 * x + 2];
            long a = HALVES + u * from[p] + v * from[p + 3] + w * from[p + 6];
            long b = HALVES + u * from[p + 1] + v * from[p + 4] + w * from[p + 7];
            long c = HALVES + u * from[p + 2] + v * from[p + 5] + w * from[p + 8];
            store(i, j, a, b, c);
        }
    }

    private void acrossFour(int width, int step, int to0, int to1) {
        int[] weights = columns.weights;
        int[] first = columns.first;
        long[] from = pair;
        for (int x = 0, i = to0, j = to1; x < width; x++, i += step, j += step) {
            int p = 3 * first[x];
            long u = weights[4 * x];
            long v = weights[4 * x + 1];
            long w = weights[4 * x + 2];
            long z = weights[4 * x + 3];
            long a = u * from[p] + v * from[p + 3] + w * from[p + 6] + z * from[p + 9];
            long b = u * from[p + 1] + v * from[p + 4] + w * from[p + 7] + z * from[p + 10];
            long c = u * from[p + 2] + v * from[p + 5] + w * from[p + 8] + z * from[p + 11];
            store(i, j, HALVES + a, HALVES + b, HALVES + c);
        }
    }

    private void acrossMany(int width, int step, int to0, int to1) {
        int[] weights = columns.weights;
        int taps = columns.count;
        long[] from = pair;
        for (int x = 0, w = 0, i = to0, j = to1; x < width; x++, i += step, j += step) {
            int p = 3 * columns.first[x];
            long a = HALVES;
            long b = HALVES;
            long c = HALVES;
            for (int end = w + taps; w < end; w++, p += 3) {
                long weight = weights[w];
                a += weight * from[p];
                b += weight * from[p + 1];
                c += weight * from[p + 2];
            }
            store(i, j, a, b, c);
        }
    }

    /** Of weights that may be negative, so that a sum may leave the range of a byte. */
    private void acrossSigned(RgbImage image, int from, int width, boolean flip, int to) {
        byte[] rgb = image.rgb;
        int[] weights = columns.weights;
        int taps = columns.count;
        int step = flip ? -3 : 3;
        for (int x = 0, w = 0, i = flip ? to + 3 * (width - 1) : to; x < width; x++, i += step) {
            int p = from + 3 * columns.first[x];
            int a = HALF;
            int b = HALF;
            int c = HALF;
            for (int end = w + taps; w < end; w++, p += 3) {
                int weight = weights[w];
                a += weight * (rgb[p] & 0xff);
                b += weight * (rgb[p + 1] & 0xff);
                c += weight * (rgb[p + 2] & 0xff);
            }
            middle[i] = rounded(a);
            middle[i + 1] = rounded(b);
            middle[i + 2] = rounded(c);
        }
    }

    private static int rounded(int sum) {
        return Math.max(0, Math.min(255, sum >> Weights.BITS));
    }

    private void store(int i, int j, long a, long b, long c) {
        int[] to = middle;
        to[i] = (int) a >>> Weights.BITS;
        to[i + 1] = (int) (a >>> HIGH);
        to[i + 2] = (int) b >>> Weights.BITS;
        to[j] = (int) (b >>> HIGH);
        to[j + 1] = (int) c >>> Weights.BITS;
        to[j + 2] = (int) (c >>> HIGH);
    }

    private void down(int row, int top, int stride) {
        int w = row * rows.count;
        int from = (rows.first[row] - top) * stride;
        int rest = rows.count % 3;
        switch (rest) {
            case 0 -> downThree(w, from, stride);
            case 1 -> downOne(w, from, stride);
            default -> downTwo(w, from, stride);
        }
        for (int t = rest == 0 ? 3 : rest; t < rows.count; t += 3) {
            addThree(w + t, from + t * stride, stride);
        }
    }

    private void downOne(int w, int from, int stride) {
        int weight = rows.weights[w];
        int[] sum = sums;
        int[] source = middle;
        for (int i = 0; i < stride; i++) {
            sum[i] = HALF + weight * source[from + i];
        }
    }

    private void downTwo(int w, int from, int stride) {
        int u = rows.weights[w];
        int v = rows.weights[w + 1];
        int[] sum = sums;
        int[] source = middle;
        int next = from + stride;
        for (int i = 0; i < stride; i++) {
            sum[i] = HALF + u * source[from + i] + v * source[next + i];
        }
    }

    private void downThree(int w, int from, int stride) {
        int u = rows.weights[w];
        int v = rows.weights[w + 1];
        int z = rows.weights[w + 2];
        int[] sum = sums;
        int[] source = middle;
        int second = from + stride;
        int third = second + stride;
        for (int i = 0; i < stride; i++) {
            sum[i] = HALF + u * source[from + i] + v * source[second + i] + z * source[third + i];
        }
    }

    private void addThree(int w, int from, int stride) {
        int u = rows.weights[w];
        int v = rows.weights[w + 1];
        int z = rows.weights[w + 2];
        int[] sum = sums;
        int[] source = middle;
        int second = from + stride;
        int third = second + stride;
        for (int i = 0; i < stride; i++) {
            sum[i] += u * source[from + i] + v * source[second + i] + z * source[third + i];
        }
    }

    /**
     * One axis of Pillow's antialiased resampling: for every output position the first
     * input position and the weights, as fixed-point numbers of {@link #BITS} fractional bits.
     * Every position has the same number of weights; those that a position does not need are 0.
     */
    private static final class Weights {
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
         * @param cubic whether the filter is Keys' cubic of a = -0.5 and two pixels to each side, else a triangle of one
         */
        void compute(int in, int out, int from, int positions, boolean cubic) {
            double scale = (double) in / out;
            double stretch = Math.max(scale, 1.0);
            double support = cubic ? 2 * stretch : stretch;
            count = Math.min(in, (int) Math.ceil(support) * 2 + 1);
            reserve(positions);
            int widest = 0;
            for (int i = 0; i < positions; i++) {
                widest = Math.max(widest, weigh(i, (from + i + 0.5) * scale, stretch, support, in, cubic));
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

        private int weigh(int position, double centre, double stretch, double support, int in, boolean cubic) {
            double inverse = 1.0 / stretch;
            int start = Math.max((int) (centre - support + 0.5), 0);
            int taps = Math.min((int) (centre + support + 0.5), in) - start;
            double sum = 0;
            for (int t = 0; t < taps; t++) {
                double distance = Math.abs((t + start - centre + 0.5) * inverse);
                exact[t] = cubic ? cubic(distance) : Math.max(0.0, 1.0 - distance);
                sum += exact[t];
            }
            int base = position * count;
            for (int t = 0; t < count; t++) {
                double weight = t < taps && sum != 0 ? exact[t] / sum : 0;
                weights[base + t] = (int) (weight * (1 << BITS) + (weight < 0 ? -0.5 : 0.5));
            }
            first[position] = start;
            while (taps > 1 && weights[base + taps - 1] == 0) {
                taps--;
            }
            return taps;
        }

        private static double cubic(double x) {
            if (x < 1.0) {
                return (1.5 * x - 2.5) * x * x + 1;
            }
            return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0.0;
        }

        /**
         * Drops columns of weights that are 0 everywhere, and moves windows that would stick out at
         * the end.
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
}
