package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.StepDone;
import org.simreg.worker.train.student.RunCheckpoint;

/** Tests that a run interrupted anywhere and resumed has the bits of one that went through. */
class ResumeTest {
    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static String teacher;
    private static SmallRun unbroken;

    @BeforeAll
    static void runThrough() {
        teacher = SmallRun.teacher(shared, Network.MOBILENET_V2, 1);
        unbroken = SmallRun.whole(job(), shared.resolve("unbroken"));
    }

    /** Eight steps in two epochs, a checkpoint at every one. */
    private static Job.Builder job() {
        Job.Builder job = SmallRun.job(teacher);
        job.getOptimizationBuilder().setBatch(6).setMicroBatches(2);
        job.getCheckpointsBuilder().setEverySteps(1).setKeep(20);
        return job;
    }

    @Test
    void aRunStoppedAgainAndAgainEndsWithTheSameBits() {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        Job.Builder job = job();
        job.getCheckpointsBuilder().setEverySteps(3).setKeep(1);
        List<Double> losses = new ArrayList<>();
        long at = 0;
        SmallRun run = null;
        while (run == null || !run.ended()) {
            at += 1 + random.nextInt(4);
            run = SmallRun.run(job, folder, run != null, SmallRun.commits(at));
            run.steps().forEach(step -> losses.add(step.getLoss()));
        }
        assertEquals(unbroken.sha256(), run.sha256(), "stopped by the random seed " + seed);
        assertEquals(
                unbroken.steps().stream().map(StepDone::getLoss).toList(),
                losses,
                "no step is lost, none is done twice");
        assertEquals(1, RunCheckpoint.list(SmallRun.checkpoints(folder)).size(), "kept as asked");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 4, 6, 8})
    void aRunGoesOnFromAnyCheckpointThatAKillLeftAsTheNewest(long step) throws IOException {
        Path checkpoints = SmallRun.checkpoints(folder);
        Files.createDirectories(checkpoints);
        String name = RunCheckpoint.fileName(step);
        Files.copy(SmallRun.checkpoints(unbroken.folder()).resolve(name), checkpoints.resolve(name));
        Files.writeString(checkpoints.resolve(".step-00000009.safetensors.1.2.tmp"), "half");
        SmallRun run = SmallRun.resumed(job(), folder);
        assertEquals(unbroken.sha256(), run.sha256());
        assertEquals(8 - step, run.steps().size());
        run.events().stream()
                .filter(event -> event.hasStarted())
                .forEach(event -> assertEquals(step, event.getStarted().getResumedStep()));
    }

    @Test
    void aMomentumTeacherIsTakenUpWithItsAverage() {
        Job.Builder job = SmallRun.job("self");
        String whole = SmallRun.whole(job, folder.resolve("whole")).sha256();
        assertEquals(whole, stoppedAndResumed(job, 2));
    }

    @Test
    void roundedWeightsAreMadeAgainFromTheMasterWeights() {
        Job.Builder job = SmallRun.job(teacher).setPrecision(Precision.BFLOAT16);
        String whole = SmallRun.whole(job, folder.resolve("whole")).sha256();
        assertEquals(whole, stoppedAndResumed(job, 4));
    }

    private String stoppedAndResumed(Job.Builder job, long step) {
        Path broken = folder.resolve("broken");
        assertFalse(SmallRun.run(job, broken, false, SmallRun.commits(step)).ended());
        return SmallRun.resumed(job, broken).sha256();
    }

    @Test
    void aRunCancelledBeforeItsFirstStepCanBeContinued() {
        SmallRun stopped = SmallRun.run(job(), folder, false, event -> event.hasStarted());
        assertFalse(stopped.ended());
        assertTrue(stopped.steps().isEmpty());
        assertEquals(unbroken.sha256(), SmallRun.resumed(job(), folder).sha256());
    }

    @Test
    void aLongerRunGoesOnWhereAShorterOneEnded() {
        Job.Builder job = job();
        job.getOptimizationBuilder().setMaxSteps(5);
        assertTrue(SmallRun.whole(job, folder).ended());
        job.getOptimizationBuilder().setMaxSteps(0);
        assertEquals(unbroken.sha256(), SmallRun.resumed(job, folder).sha256());
    }
}
