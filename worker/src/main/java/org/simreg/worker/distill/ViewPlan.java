package org.simreg.worker.distill;

import java.util.List;
import org.simreg.proto.Job;
import org.simreg.proto.Views;
import org.simreg.worker.data.RandomView;
import org.simreg.worker.data.ViewRecipe;

/**
 * The views that a sample is drawn in, and which of them teacher and student see.
 *
 * @param recipes one draw each
 * @param passes backward passes of a micro-batch
 */
record ViewPlan(List<ViewRecipe> recipes, List<Pass> passes) {
    /** Numbers of the views that the teacher and the student get. */
    record Pass(int teacher, int student) {}

    static ViewPlan of(Job job, boolean selfTaught) {
        ViewRecipe weak =
                new RandomView(job.getViews().getSize(), job.getViews().getMinArea(), false);
        ViewRecipe strong =
                new RandomView(job.getViews().getSize(), job.getViews().getMinArea(), true);
        if (selfTaught) {
            // Each view predicts the other's.
            return new ViewPlan(List.of(strong, strong), List.of(new Pass(0, 1), new Pass(1, 0)));
        }
        List<ViewRecipe> recipes = recipes(job.getViews().getPolicy(), weak, strong);
        return new ViewPlan(recipes, List.of(new Pass(0, recipes.size() - 1)));
    }

    private static List<ViewRecipe> recipes(
            Views.Policy policy, ViewRecipe weak, ViewRecipe strong) {
        return switch (policy) {
            case SAME_WEAK -> List.of(weak);
            case SAME_STRONG -> List.of(strong);
            case WEAK_WEAK -> List.of(weak, weak);
            case WEAK_STRONG -> List.of(weak, strong);
            case STRONG_STRONG -> List.of(strong, strong);
            case UNRECOGNIZED ->
                    throw new IllegalArgumentException("a view policy of a newer version");
        };
    }
}
