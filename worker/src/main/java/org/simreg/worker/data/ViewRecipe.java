package org.simreg.worker.data;

/** How one draw of an image becomes a view: a square of {@link #size()} pixels, uint8 RGB. */
public sealed interface ViewRecipe permits RandomView, CentreView {
    /** Side of the view, in pixels. */
    int size();

    /** The same view in another size, in pixels: the same part of the image, equally blurred. */
    ViewRecipe at(int size);
}
