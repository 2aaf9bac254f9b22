package org.simreg.worker.data.view;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A view: one picture that is made of a sample by a recipe and a random draw. Views of one draw
 * show the same crop, distortion and flip, whatever their sizes: each is rendered from the source
 * picture.
 *
 * @param draw number of the random draw
 * @param recipe what is made with it
 */
public record View(int draw, ViewRecipe recipe) {
    /** Each recipe with a draw of its own, 0, 1, ... in their order. */
    public static List<View> each(ViewRecipe... recipes) {
        return IntStream.range(0, recipes.length)
                .mapToObj(i -> new View(i, recipes[i]))
                .toList();
    }

    /** The same draw in another size, in pixels. */
    public View at(int size) {
        return new View(draw, recipe.at(size));
    }

    /** Bytes of one row of a batch: (size, size, 3) uint8. */
    public int bytes() {
        return Math.multiplyExact(3 * recipe.size(), recipe.size());
    }
}
