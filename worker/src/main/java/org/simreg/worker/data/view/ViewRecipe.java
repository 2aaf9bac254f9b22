package org.simreg.worker.data.view;

import org.simreg.proto.Interpolation;

/** The recipe of a view, a square of {@link #size()} pixels a side, uint8 RGB. */
public sealed interface ViewRecipe permits ViewRecipe.RandomView, ViewRecipe.CentreView {
    /** Side of the view, in pixels. */
    int size();

    /** How the image is resized. */
    Interpolation interpolation();

    /** The same view in another size, in pixels: the same part of the image, equally blurred. */
    ViewRecipe at(int size);

    /**
     * A random resized crop and a flip with probability 1/2. The crop covers {@code minArea} to 1
     * of the image, at a ratio of 3/4 to 4/3.
     *
     * @param size side of the view, in pixels
     * @param minArea smallest part of the image that a crop covers, above 0 and at most 1
     * @param strong whether colour jitter (p 0.8), grey (p 0.2) and Gaussian blur (p 0.5) come
     *     between crop and flip
     * @param drawnAt side at which a pixel is the unit of the blur's sigma; elsewhere it is scaled,
     *     so that the same draw looks the same in every size
     */
    record RandomView(int size, double minArea, boolean strong, int drawnAt, Interpolation interpolation)
            implements ViewRecipe {
        /** A bilinear view whose blur is measured in its own pixels. */
        public RandomView(int size, double minArea, boolean strong) {
            this(size, minArea, strong, size, Interpolation.BILINEAR);
        }

        public RandomView {
            if (size <= 0 || drawnAt <= 0) {
                throw new IllegalArgumentException("view sizes must be positive, not " + size + " and " + drawnAt);
            }
            if (!(minArea > 0 && minArea <= 1)) {
                throw new IllegalArgumentException("smallest crop area must be above 0 and at most 1, not " + minArea);
            }
        }

        @Override
        public RandomView at(int size) {
            return new RandomView(size, minArea, strong, drawnAt, interpolation);
        }

        /** What the sigma of a drawn blur is multiplied with. */
        double blurScale() {
            return (double) size / drawnAt;
        }
    }

    /**
     * The middle of the image: its shorter side resized to {@code resize}, then a centre crop.
     *
     * @param resize the shorter side after resizing, in pixels; at least {@code size}
     * @param size side of the view, in pixels
     */
    record CentreView(int resize, int size, Interpolation interpolation) implements ViewRecipe {
        /** A bilinear view. */
        public CentreView(int resize, int size) {
            this(resize, size, Interpolation.BILINEAR);
        }

        public CentreView {
            if (size <= 0 || resize < size) {
                throw new IllegalArgumentException(
                        "a centre view needs 0 < size <= resize, not size " + size + " and resize " + resize);
            }
        }

        /** The resize keeps its proportion to the size. */
        @Override
        public CentreView at(int size) {
            return new CentreView((int) Math.round((double) resize * size / this.size), size, interpolation);
        }

        /** The same, resized in another way. */
        public CentreView by(Interpolation other) {
            return new CentreView(resize, size, other);
        }

        /** Files of features are known by it: bilinear views have the words that they had when there were no others. */
        @Override
        public String toString() {
            String more = interpolation == Interpolation.BILINEAR ? "" : ", interpolation=" + interpolation;
            return "CentreView[resize=%d, size=%d%s]".formatted(resize, size, more);
        }
    }
}
