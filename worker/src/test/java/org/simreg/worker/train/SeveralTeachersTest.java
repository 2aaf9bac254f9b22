package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.Loss;
import org.simreg.proto.Pixels;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.proto.Views;

/** Tests of runs with two teachers that have sizes, pixels and weights of their own. */
class SeveralTeachersTest extends TwoTeachers {
    private static Job.Builder job() {
        Job.Builder job = SmallRun.job(first, second);
        job.getStudentBuilder()
                .clearNetwork()
                .setModule(ModuleStudentTest.file("cnn").toString());
        job.getTeachersBuilder(0).setWeight(3);
        job.getTeachersBuilder(1).setSize(48).setPixels(Pixels.HALF);
        return job;
    }

    @Test
    void theirRunHasTheSameSha256TwiceAndAfterAnInterruption() {
        Job.Builder job = job();
        job.getViewsBuilder().setPolicy(Views.Policy.WEAK_STRONG);
        job.getOptimizationBuilder().setMicroBatches(2);
        SmallRun whole = SmallRun.whole(job, folder.resolve("whole"));
        Path cut = folder.resolve("cut");
        SmallRun.run(job, cut, false, SmallRun.commits(2));
        assertEquals(whole.sha256(), SmallRun.resumed(job, cut).sha256());
    }

    @Test
    void sizePixelsAndWeightEachChangeTheResult() {
        List<Job.Builder> jobs = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            jobs.add(job());
        }
        jobs.get(1).getTeachersBuilder(1).clearSize();
        jobs.get(2).getTeachersBuilder(1).clearPixels();
        jobs.get(3).getTeachersBuilder(0).clearWeight();
        jobs.get(4).setLoss(Loss.SQUARED);
        List<String> digests = new ArrayList<>();
        for (int i = 0; i < jobs.size(); i++) {
            jobs.get(i).getOptimizationBuilder().setMaxSteps(2);
            digests.add(SmallRun.whole(jobs.get(i), folder.resolve("run" + i)).sha256());
        }
        assertEquals(5, digests.stream().distinct().count(), digests.toString());
    }

    @Test
    void equalWeightsAreNoWeights() {
        Job.Builder even = SmallRun.job(first, second);
        even.getStudentBuilder()
                .clearNetwork()
                .setModule(ModuleStudentTest.file("cnn").toString());
        even.getOptimizationBuilder().setMaxSteps(2);
        String plain = SmallRun.whole(even, folder.resolve("plain")).sha256();
        even.getTeachersBuilderList().forEach(teacher -> teacher.setWeight(0.7));
        assertEquals(plain, SmallRun.whole(even, folder.resolve("even")).sha256());
    }

    @Test
    void theSquaredLossGoesDownFromItsOwnScale() {
        Job.Builder job = SmallRun.job(first).setLoss(Loss.SQUARED);
        job.getOptimizationBuilder().setEpochs(8).setLr(3e-4);
        List<StepDone> steps = SmallRun.whole(job, folder).steps();
        double before = steps.get(0).getLoss();
        double after = steps.get(steps.size() - 1).getLoss();
        assertTrue(before > 4, "no longer bounded by 4: " + before);
        assertTrue(after < 0.6 * before, "from " + before + " to " + after);
    }

    @Test
    void aLossThatIsNoNumberStopsTheRunWithItsStep() {
        Job.Builder job = SmallRun.job(first).setLoss(Loss.SQUARED);
        job.getOptimizationBuilder().setEpochs(8).setLr(10);
        UserError stopped = assertThrows(UserError.class, () -> SmallRun.whole(job, folder));
        String message = stopped.getMessage();
        assertTrue(message.matches("the loss of step \\d+ is .*choose a lower .*"), message);
    }

    @Test
    void eachIsTimedByItselfAndASingleOneIsNot() {
        Job.Builder job = job();
        job.getOptimizationBuilder().setMaxSteps(2);
        for (StepDone step : SmallRun.whole(job, folder.resolve("two")).steps()) {
            assertEquals(2, step.getEachTeacherSecondsCount());
            double sum = step.getEachTeacherSeconds(0) + step.getEachTeacherSeconds(1);
            assertEquals(step.getTeacherSeconds(), sum, 1e-6);
        }
        Job.Builder one = SmallRun.job(first);
        one.getOptimizationBuilder().setMaxSteps(1);
        StepDone step = SmallRun.whole(one, folder.resolve("one")).steps().get(0);
        assertEquals(0, step.getEachTeacherSecondsCount());
        assertTrue(step.getTeacherSeconds() > 0);
    }

    @Test
    void aTeacherIsMeasuredInItsOwnSize() {
        Job.Builder job = SmallRun.job(first, first);
        job.getDatasetBuilder().clearPath().addPath(SmallRun.SAMPLE.toString()).setLimitClasses(3);
        job.getTeachersBuilder(1).setSize(48);
        job.getOptimizationBuilder().setMaxSteps(1);
        job.getEvaluationBuilder().addK(1);
        List<EvaluationDone> measured = SmallRun.whole(job, folder).events().stream()
                .filter(Progress::hasEvaluation)
                .map(Progress::getEvaluation)
                .toList();
        assertEquals(
                List.of("student at random", "teacher 1", "teacher 2", "student"),
                measured.stream().map(EvaluationDone::getSubject).toList());
        assertNotEquals(measured.get(1).getKnn(0), measured.get(2).getKnn(0));
    }
}
