package org.simreg.worker.train.teacher;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Views;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

/**
 * The views of a job: which are made of a sample, and which of them teachers and student see. A
 * teacher with an input size of its own sees the draw that it would see otherwise, in its size.
 *
 * @param views the first has the size of the job's views
 * @param passes backward passes of a micro-batch
 * @param cycle how many epochs show other views before those of the first come again; 0: never
 */
public record ViewPlan(List<View> views, List<Pass> passes, int cycle) {
    /**
     * The views of one backward pass.
     *
     * @param teachers indexes of the view that each teacher gets
     * @param student index of the student's view
     */
    public record Pass(List<Integer> teachers, int student) {}

    /** The views of a job, whose teachers are named; with a momentum teacher both views are strong and swap roles. */
    public static ViewPlan of(Job job, boolean selfTaught) {
        ViewRecipe weak = random(job, false);
        ViewRecipe strong = random(job, true);
        if (selfTaught) {
            // Each view predicts the other's.
            return new ViewPlan(
                    View.each(strong, strong), List.of(new Pass(List.of(0), 1), new Pass(List.of(1), 0)), 0);
        }
        List<View> drawn = drawn(job.getViews().getPolicy(), weak, strong);
        View teachers = job.getCache().getFixed() ? fixed(job) : drawn.get(0);
        return regression(
                job.getTeachersList().stream()
                        .map(t -> teachers.at(t.getSize()))
                        .toList(),
                drawn.get(drawn.size() - 1),
                job.getCache().getViews());
    }

    private static ViewRecipe random(Job job, boolean strong) {
        Views views = job.getViews();
        return new ViewRecipe.RandomView(
                views.getSize(), views.getMinArea(), strong, views.getSize(), JobSettings.interpolation(job));
    }

    /** The evaluation view, the same in all epochs. */
    private static View fixed(Job job) {
        return new View(
                0,
                new ViewRecipe.CentreView(
                        job.getEvaluation().getResize(), job.getViews().getSize(), JobSettings.interpolation(job)));
    }

    /** The same views, shown to the teachers that are held. */
    public ViewPlan of(HeldTeachers held) {
        List<Pass> some = passes.stream()
                .map(pass -> new Pass(held.of(pass.teachers), pass.student))
                .toList();
        return new ViewPlan(views, some, cycle);
    }

    /** Number of the view that an epoch shows, part of its random draws. */
    public int number(int epoch) {
        return cycle == 0 ? epoch : epoch % cycle;
    }

    /** A view that nobody sees is not made. */
    private static ViewPlan regression(List<View> wanted, View student, int cycle) {
        int size = student.recipe().size();
        // Stable: without sizes of their own the teachers' view stays the first.
        List<View> views = Stream.concat(wanted.stream(), Stream.of(student))
                .distinct()
                .sorted(Comparator.comparing(view -> view.recipe().size() != size))
                .toList();
        List<Integer> seen = wanted.stream().map(views::indexOf).toList();
        return new ViewPlan(views, List.of(new Pass(seen, views.indexOf(student))), cycle);
    }

    private static List<View> drawn(Views.Policy policy, ViewRecipe weak, ViewRecipe strong) {
        return switch (policy) {
            case SAME_WEAK -> View.each(weak);
            case SAME_STRONG -> View.each(strong);
            case WEAK_WEAK -> View.each(weak, weak);
            case WEAK_STRONG -> View.each(weak, strong);
            case STRONG_STRONG -> View.each(strong, strong);
            case UNRECOGNIZED -> throw new IllegalArgumentException("a view policy of a newer version");
        };
    }
}
