package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.StepDone;
import org.simreg.worker.data.storage.WorkerSettings;

/** Tests that a job decides its result to the bit, and nothing else does. */
class DeterminismTest {
    @TempDir
    static Path teachers;

    @TempDir
    Path folder;

    private static String teacher;
    private static SmallRun first;

    @BeforeAll
    static void runOnce() {
        teacher = SmallRun.teacher(teachers, Network.MOBILENET_V2, 1);
        first = SmallRun.whole(SmallRun.job(teacher), teachers.resolve("first"));
    }

    @Test
    void sameSeedTwiceGivesTheSameSha256() {
        SmallRun second = SmallRun.whole(SmallRun.job(teacher), folder.resolve("second"));
        assertEquals(first.sha256(), second.sha256());
        assertEquals(losses(first), losses(second));
    }

    @Test
    void anotherSeedGivesAnotherStudent() {
        SmallRun other = SmallRun.whole(SmallRun.job(teacher).setSeed(8), folder);
        assertNotEquals(first.sha256(), other.sha256());
    }

    @Test
    void inFourMicroBatchesTheDecodeThreadsDontMatter() {
        Job.Builder job = SmallRun.job(teacher);
        job.getOptimizationBuilder().setBatch(24).setMicroBatches(4);
        String one = SmallRun.whole(job, folder.resolve("one")).sha256();
        SmallRun three =
                SmallRun.run(job, folder.resolve("three"), SmallRun.settings(folder, 1, 3), false, event -> false);
        assertEquals(one, three.sha256());
        job.getOptimizationBuilder().setMicroBatches(2);
        String two = SmallRun.whole(job, folder.resolve("two")).sha256();
        assertNotEquals(one, two, "BatchNorm sees other groups");
    }

    @Test
    void bfloat16RoundsTheSameWayTwice() {
        Job.Builder job = SmallRun.job(teacher).setPrecision(Precision.BFLOAT16);
        String first = SmallRun.whole(job, folder.resolve("first")).sha256();
        assertEquals(first, SmallRun.whole(job, folder.resolve("second")).sha256());
    }

    @Test
    void theMomentumTeacherIsDeterministicToo() {
        Job.Builder job = SmallRun.job("self");
        job.getOptimizationBuilder().setMicroBatches(2);
        String first = SmallRun.whole(job, folder.resolve("first")).sha256();
        assertEquals(first, SmallRun.whole(job, folder.resolve("second")).sha256());
    }

    @Test
    void whoHasWarmedUpTakesTheSameSteps() {
        for (String source : List.of(teacher, "self")) {
            assertEquals(twoSteps(source, false), twoSteps(source, true));
        }
    }

    private String twoSteps(String source, boolean warm) {
        Job job = JobSettings.complete(SmallRun.job(source).build());
        WorkerSettings settings = SmallRun.settings(folder, 1, 1);
        try (LoadedJob run = JobLoader.open(job, settings, notice -> {})) {
            if (warm) {
                TrainingLoop.warmUp(run);
            }
            run.start();
            run.inputs().share(0, run.plan().microBatches());
            SmallRun.steps(run, 2);
            return run.snapshot().sha256();
        }
    }

    private static List<Double> losses(SmallRun run) {
        return run.steps().stream().map(StepDone::getLoss).toList();
    }
}
