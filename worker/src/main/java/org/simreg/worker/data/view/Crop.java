package org.simreg.worker.data.view;

import org.simreg.worker.base.random.CounterRandom;

/** A rectangle of an image, in pixels, as torchvision's transforms choose it. */
record Crop(int x, int y, int width, int height) {
    private static final int TRIES = 10;
    private static final double MIN_RATIO = 3.0 / 4.0;
    private static final double MAX_RATIO = 4.0 / 3.0;

    static Crop whole(int width, int height) {
        return new Crop(0, 0, width, height);
    }

    /**
     * torchvision's RandomResizedCrop: an area of {@code minArea} to 1 of the image, a ratio
     * uniform in its logarithm, and after ten misfits the largest centre crop of an allowed ratio.
     */
    static Crop random(int width, int height, double minArea, CounterRandom random) {
        double area = (double) width * height;
        double logMin = StrictMath.log(MIN_RATIO);
        double logMax = StrictMath.log(MAX_RATIO);
        for (int i = 0; i < TRIES; i++) {
            double target = area * random.uniform(minArea, 1);
            double ratio = StrictMath.exp(random.uniform(logMin, logMax));
            int w = (int) Math.rint(StrictMath.sqrt(target * ratio));
            int h = (int) Math.rint(StrictMath.sqrt(target / ratio));
            if (0 < w && w <= width && 0 < h && h <= height) {
                int y = random.below(height - h + 1);
                return new Crop(random.below(width - w + 1), y, w, h);
            }
        }
        return fallback(width, height);
    }

    private static Crop fallback(int width, int height) {
        double ratio = (double) width / height;
        int w = width;
        int h = height;
        if (ratio < MIN_RATIO) {
            h = (int) Math.rint(width / MIN_RATIO);
        } else if (ratio > MAX_RATIO) {
            w = (int) Math.rint(height * MAX_RATIO);
        }
        return new Crop((width - w) / 2, (height - h) / 2, w, h);
    }

    /** torchvision's CenterCrop of a square that fits. */
    static Crop centre(int width, int height, int size) {
        int y = (int) Math.rint((height - size) / 2.0);
        return new Crop((int) Math.rint((width - size) / 2.0), y, size, size);
    }
}
