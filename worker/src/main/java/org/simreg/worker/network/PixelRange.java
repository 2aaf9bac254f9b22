package org.simreg.worker.network;

import org.simreg.proto.Pixels;

/**
 * The normalisation of pixels from 0 to 1: mean and standard deviation of red, green, blue.
 *
 * @param mean is subtracted
 * @param deviation divides what is left
 */
public record PixelRange(double[] mean, double[] deviation) {
    /** The range of torchvision's and the published self-supervised weights. */
    private static final PixelRange IMAGENET =
            new PixelRange(new double[] {0.485, 0.456, 0.406}, new double[] {0.229, 0.224, 0.225});

    /** timm calls it Inception's, and uses it for most vision transformers. */
    private static final PixelRange HALF = alike(0.5, 0.5);

    /** Pixels from 0 to 1 as they are. */
    private static final PixelRange UNIT = alike(0, 1);

    /** The range of OpenAI's CLIP. */
    private static final PixelRange CLIP = new PixelRange(
            new double[] {0.48145466, 0.4578275, 0.40821073}, new double[] {0.26862954, 0.26130258, 0.27577711});

    private static PixelRange alike(double mean, double deviation) {
        return new PixelRange(new double[] {mean, mean, mean}, new double[] {deviation, deviation, deviation});
    }

    /** The range of that name. */
    public static PixelRange of(Pixels name) {
        return switch (name) {
            case IMAGENET -> IMAGENET;
            case HALF -> HALF;
            case UNIT -> UNIT;
            case CLIP -> CLIP;
            case UNRECOGNIZED -> throw new IllegalArgumentException("pixels of a newer version");
        };
    }
}
