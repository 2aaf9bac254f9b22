package org.simreg.worker.data.view;

import org.simreg.worker.base.random.CounterRandom;

/**
 * The change of colours and sharpness in a strong view; drawn before it is applied.
 *
 * @param order the order of brightness (0), contrast (1), saturation (2) and hue (3); empty for no
 *     jitter
 * @param brightness factor
 * @param contrast factor
 * @param saturation factor
 * @param hue part of a turn
 * @param grey whether the colours go
 * @param sigma of the blur, in pixels; 0 for none
 */
record Distortion(
        int[] order, double brightness, double contrast, double saturation, double hue, boolean grey, double sigma) {
    /** Nothing changes. */
    static final Distortion NONE = new Distortion(new int[0], 1, 1, 1, 0, false, 0);

    private static final double JITTER = 0.8;
    private static final double GREY = 0.2;
    private static final double BLUR = 0.5;

    /**
     * MoCo-v2's: jitter (0.4, 0.4, 0.4, 0.1) with probability 0.8, grey 0.2, blur of sigma 0.1 to 2
     * with 0.5.
     */
    static Distortion random(CounterRandom random) {
        Distortion jitter = random.chance(JITTER) ? jitter(random) : NONE;
        boolean grey = random.chance(GREY);
        double sigma = random.chance(BLUR) ? random.uniform(0.1, 2.0) : 0;
        return new Distortion(
                jitter.order, jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue, grey, sigma);
    }

    private static Distortion jitter(CounterRandom random) {
        return new Distortion(
                random.permutation(4),
                random.uniform(0.6, 1.4),
                random.uniform(0.6, 1.4),
                random.uniform(0.6, 1.4),
                random.uniform(-0.1, 0.1),
                false,
                0);
    }

    /** The same with another blur; exactly this one for a scale of 1. */
    Distortion scaled(double scale) {
        return new Distortion(order, brightness, contrast, saturation, hue, grey, scale * sigma);
    }

    /** Changes a square of RGB bytes in place. */
    void apply(byte[] rgb, int size, GaussianBlur blur) {
        int length = 3 * size * size;
        for (int change : order) {
            switch (change) {
                case 0 -> ColourChanges.brightness(rgb, length, (float) brightness);
                case 1 -> ColourChanges.contrast(rgb, length, (float) contrast);
                case 2 -> ColourChanges.saturation(rgb, length, (float) saturation);
                default -> ColourChanges.hue(rgb, length, hue);
            }
        }
        if (grey) {
            ColourChanges.grey(rgb, length);
        }
        if (sigma > 0) {
            blur.blur(rgb, size, size, sigma);
        }
    }
}
