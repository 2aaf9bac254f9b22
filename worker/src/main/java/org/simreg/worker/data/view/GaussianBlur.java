package org.simreg.worker.data.view;

/**
 * Pillow's Gaussian blur, to the bit: three box blurs of a fractional radius along rows, then three
 * along columns, each rounded to bytes. Keeps its workspace; one belongs to one decode thread.
 *
 * <p>The picture lies in a frame wide enough that no loop has an edge to look at; the frame repeats
 * the picture's border.
 */
final class GaussianBlur {
    private static final int PASSES = 3;
    private static final int BITS = 24;
    private static final int HALF = 1 << BITS - 1;

    private int[] from = new int[0];
    private int[] to = new int[0];
    private int width;
    private int height;
    private int frame;
    private int stride;

    /**
     * @param rgb interleaved RGB, changed in place
     * @param pictureWidth in pixels
     * @param pictureHeight in pixels
     * @param sigma standard deviation, in pixels
     */
    void blur(byte[] rgb, int pictureWidth, int pictureHeight, double sigma) {
        float boxRadius = boxRadius((float) sigma);
        if (boxRadius == 0) {
            return;
        }
        int radius = (int) boxRadius;
        width = pictureWidth;
        height = pictureHeight;
        frame = radius + 1;
        stride = 3 * (width + 2 * frame);
        reserve(stride * (height + 2 * frame));
        load(rgb);
        int inner = (int) ((1 << BITS) / (boxRadius * 2 + 1));
        int outer = ((1 << BITS) - (radius * 2 + 1) * inner) / 2;
        for (int pass = 0; pass < PASSES; pass++) {
            repeatColumns();
            box(radius, 3, inner, outer);
        }
        for (int pass = 0; pass < PASSES; pass++) {
            repeatRows();
            box(radius, stride, inner, outer);
        }
        store(rgb);
    }

    /**
     * The radius of a box that, blurred thrice, has this deviation.
     *
     * @see <a href="https://www.mia.uni-saarland.de/Publications/gwosdek-ssvm11.pdf">Gwosdek et al.
     *     2011, Theoretical foundations of Gaussian convolution by extended box filtering</a>
     */
    private static float boxRadius(float sigma) {
        float variance = sigma * sigma / PASSES;
        float length = (float) Math.sqrt(12.0 * variance + 1.0);
        float whole = (float) Math.floor((length - 1.0) / 2.0);
        float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
        part /= 6 * (variance - (whole + 1) * (whole + 1));
        return whole + part;
    }

    private void reserve(int length) {
        if (from.length < length) {
            from = new int[length];
            to = new int[length];
        }
    }

    private int rowStart(int y) {
        return (y + frame) * stride + 3 * frame;
    }

    private void load(byte[] rgb) {
        for (int y = 0, p = 0; y < height; y++) {
            int start = rowStart(y);
            for (int i = start; i < start + 3 * width; i++, p++) {
                from[i] = rgb[p] & 0xff;
            }
        }
    }

    private void store(byte[] rgb) {
        for (int y = 0, p = 0; y < height; y++) {
            int start = rowStart(y);
            for (int i = start; i < start + 3 * width; i++, p++) {
                rgb[p] = (byte) from[i];
            }
        }
    }

    private void repeatColumns() {
        for (int y = 0; y < height; y++) {
            int start = rowStart(y);
            int end = start + 3 * width;
            for (int i = 0; i < 3 * frame; i++) {
                from[start - 1 - i] = from[start + 2 - i % 3];
                from[end + i] = from[end - 3 + i % 3];
            }
        }
    }

    private void repeatRows() {
        int first = frame * stride;
        int last = first + (height - 1) * stride;
        for (int i = 1; i <= frame; i++) {
            System.arraycopy(from, first, from, first - i * stride, stride);
            System.arraycopy(from, last, from, last + i * stride, stride);
        }
    }

    /** One box blur of every pixel, along neighbours that are {@code step} apart. */
    private void box(int radius, int step, int inner, int outer) {
        for (int y = 0; y < height; y++) {
            int start = rowStart(y);
            if (radius == 0) {
                narrow(start, start + 3 * width, step, inner, outer);
            } else {
                wide(start, start + 3 * width, radius, step, inner, outer);
            }
        }
        int[] swap = from;
        from = to;
        to = swap;
    }

    private void narrow(int start, int end, int step, int inner, int outer) {
        int[] in = from;
        int[] out = to;
        for (int i = start; i < end; i++) {
            out[i] = in[i] * inner + (in[i - step] + in[i + step]) * outer + HALF >>> BITS;
        }
    }

    private void wide(int start, int end, int radius, int step, int inner, int outer) {
        int[] in = from;
        int[] out = to;
        for (int i = start; i < end; i++) {
            out[i] = in[i];
        }
        for (int r = step; r <= radius * step; r += step) {
            for (int i = start; i < end; i++) {
                out[i] += in[i - r] + in[i + r];
            }
        }
        int far = (radius + 1) * step;
        for (int i = start; i < end; i++) {
            out[i] = out[i] * inner + (in[i - far] + in[i + far]) * outer + HALF >>> BITS;
        }
    }
}
