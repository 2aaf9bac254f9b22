package org.simreg.worker.data;

import java.util.List;

/**
 * Asks for the views of some samples. The pixels are a pure function of the loader's seed and of
 * this record; the place of a recipe in the list is part of the draw, so that the same recipe twice
 * gives two different views.
 *
 * @param epoch epoch, or number of the cached view: part of every random draw
 * @param ids sample ids, in the order of the batch; the array is not copied
 * @param recipes at least one; all of the same view size
 */
public record BatchRequest(int epoch, int[] ids, List<ViewRecipe> recipes) {
    public BatchRequest {
        recipes = List.copyOf(recipes);
        if (ids.length == 0 || recipes.isEmpty()) {
            throw new IllegalArgumentException(
                    "a batch needs samples and recipes, not "
                            + ids.length
                            + " and "
                            + recipes.size());
        }
        if (recipes.stream().mapToInt(ViewRecipe::size).distinct().count() > 1) {
            throw new IllegalArgumentException(
                    "the views of a batch must have one size: " + recipes);
        }
    }

    /** Side of every view, in pixels. */
    public int viewSize() {
        return recipes.get(0).size();
    }
}
