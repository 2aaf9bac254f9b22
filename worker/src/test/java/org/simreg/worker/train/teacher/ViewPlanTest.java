package org.simreg.worker.train.teacher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Teacher;
import org.simreg.proto.Views;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.train.SmallRun;
import org.simreg.worker.train.teacher.ViewPlan.Pass;

/** Tests of the views of a job: which draw teachers and student see, and in which size. */
class ViewPlanTest {
    private static final ViewRecipe.RandomView WEAK = new ViewRecipe.RandomView(32, 0.2, false);
    private static final ViewRecipe.RandomView STRONG = new ViewRecipe.RandomView(32, 0.2, true);

    /**
     * @param sizes of the teachers; 0 for none of its own
     */
    private static ViewPlan plan(Views.Policy policy, int... sizes) {
        Job.Builder job = SmallRun.job();
        job.getViewsBuilder().setPolicy(policy).setInterpolation(Views.Resizing.BILINEAR);
        for (int size : sizes) {
            Teacher.Builder teacher = job.addTeachersBuilder().setSource("teacher.pth");
            if (size > 0) {
                teacher.setSize(size);
            }
        }
        return ViewPlan.of(JobSettings.complete(job.build()), false);
    }

    @Test
    void teachersWithoutASizeOfTheirOwnShareTheirView() {
        assertEquals(
                new ViewPlan(View.each(WEAK), List.of(new Pass(List.of(0, 0), 0)), 0),
                plan(Views.Policy.SAME_WEAK, 0, 0));
        assertEquals(
                new ViewPlan(View.each(WEAK, STRONG), List.of(new Pass(List.of(0, 0), 1)), 0),
                plan(Views.Policy.WEAK_STRONG, 0, 0));
    }

    @Test
    void aTeacherOfAnotherSizeSeesTheSameDraw() {
        assertEquals(
                new ViewPlan(
                        List.of(new View(0, STRONG), new View(0, STRONG.at(48))),
                        List.of(new Pass(List.of(1, 0, 1), 0)),
                        0),
                plan(Views.Policy.SAME_STRONG, 48, 0, 48));
    }

    @Test
    void aViewThatNobodySeesIsNotMade() {
        assertEquals(
                new ViewPlan(
                        List.of(new View(1, STRONG), new View(0, WEAK.at(16))), List.of(new Pass(List.of(1), 0)), 0),
                plan(Views.Policy.WEAK_STRONG, 16));
    }

    @Test
    void theMomentumTeacherSeesWhatTheStudentPredicts() {
        Job.Builder asked = SmallRun.job("self");
        asked.getViewsBuilder().setInterpolation(Views.Resizing.BILINEAR);
        Job job = JobSettings.complete(asked.build());
        assertEquals(
                new ViewPlan(View.each(STRONG, STRONG), List.of(new Pass(List.of(0), 1), new Pass(List.of(1), 0)), 0),
                ViewPlan.of(job, true));
    }
}
