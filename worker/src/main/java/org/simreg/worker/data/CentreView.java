package org.simreg.worker.data;

/**
 * The middle of the image: its shorter side resized to {@code resize}, then a centre crop.
 *
 * @param resize the shorter side after resizing, in pixels; at least {@code size}
 * @param size side of the view, in pixels
 */
public record CentreView(int resize, int size) implements ViewRecipe {
    public CentreView {
        if (size <= 0 || resize < size) {
            throw new IllegalArgumentException(
                    "a centre view needs 0 < size <= resize, not size "
                            + size
                            + " and resize "
                            + resize);
        }
    }

    /** The resize keeps its proportion to the size. */
    @Override
    public CentreView at(int size) {
        return new CentreView((int) Math.round((double) resize * size / this.size), size);
    }
}
