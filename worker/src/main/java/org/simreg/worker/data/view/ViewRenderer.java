package org.simreg.worker.data.view;

import org.simreg.proto.Interpolation;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.data.image.RgbImage;

/** A renderer of views from pixels. Keeps its workspace; one belongs to one decode thread. */
public final class ViewRenderer {
    private final Resampler resampler = new Resampler();
    private final GaussianBlur blur = new GaussianBlur();

    /**
     * Makes one view.
     *
     * @param image the decoded picture
     * @param recipe what to make of it
     * @param random the draw: used up in the order crop, distortion, flip
     * @param out takes {@code 3 * size * size} bytes of interleaved RGB
     */
    public void make(RgbImage image, ViewRecipe recipe, CounterRandom random, byte[] out) {
        if (recipe instanceof ViewRecipe.RandomView view) {
            random(image, view, random, out);
        } else if (recipe instanceof ViewRecipe.CentreView view) {
            centre(image, view, out);
        }
    }

    /**
     * The flip is part of the resize: every step between them treats left and right alike, so the
     * bytes are the same.
     */
    private void random(RgbImage image, ViewRecipe.RandomView view, CounterRandom random, byte[] out) {
        Crop crop = Crop.random(image.width, image.height, view.minArea(), random);
        Distortion distortion = view.strong() ? Distortion.random(random) : Distortion.NONE;
        boolean flip = random.chance(0.5);
        int size = view.size();
        resampler.resize(image, crop, size, size, Crop.whole(size, size), flip, view.interpolation(), out);
        distortion.scaled(view.blurScale()).apply(out, size, blur);
    }

    /**
     * torchvision's Resize of the shorter side and CenterCrop; only the pixels of the crop are
     * computed.
     */
    public void centre(RgbImage image, ViewRecipe.CentreView view, byte[] out) {
        int shorter = Math.min(image.width, image.height);
        int longer = Math.max(image.width, image.height);
        int resized = (int) ((double) ((long) view.resize() * longer) / shorter);
        int width = image.width <= image.height ? view.resize() : resized;
        int height = image.width <= image.height ? resized : view.resize();
        Crop all = Crop.whole(image.width, image.height);
        Crop window = Crop.centre(width, height, view.size());
        resampler.resize(image, all, width, height, window, false, view.interpolation(), out);
    }

    /**
     * An image whose shorter side has a length, as Pillow's antialiased bilinear resize makes it; never larger than it is.
     *
     * @param shorter side, in pixels
     */
    public Shrunk shrunk(RgbImage image, int shorter) {
        int least = Math.min(image.width, image.height);
        int width = least <= shorter ? image.width : (int) ((long) image.width * shorter / least);
        int height = least <= shorter ? image.height : (int) ((long) image.height * shorter / least);
        byte[] out = new byte[3 * width * height];
        Crop all = Crop.whole(image.width, image.height);
        resampler.resize(image, all, width, height, Crop.whole(width, height), false, Interpolation.BILINEAR, out);
        return new Shrunk(out, width, height);
    }

    /**
     * A picture of another size.
     *
     * @param rgb rows of interleaved RGB
     */
    public record Shrunk(byte[] rgb, int width, int height) {}
}
