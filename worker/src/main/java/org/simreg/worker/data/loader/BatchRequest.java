package org.simreg.worker.data.loader;

import java.util.List;
import org.simreg.worker.data.view.View;

/**
 * A request for the views of some samples. The pixels are a pure function of the loader's seed and
 * of this record; the number of a view's draw is part of it, so that the same recipe in two draws
 * gives two different views.
 *
 * @param epoch epoch, or number of the cached view: part of every random draw
 * @param ids sample ids, in the order of the batch; the array is not copied
 * @param views at least one
 */
public record BatchRequest(int epoch, int[] ids, List<View> views) {
    public BatchRequest {
        views = List.copyOf(views);
        if (ids.length == 0 || views.isEmpty()) {
            throw new IllegalArgumentException(
                    "a batch needs samples and views, not " + ids.length + " and " + views.size());
        }
    }
}
