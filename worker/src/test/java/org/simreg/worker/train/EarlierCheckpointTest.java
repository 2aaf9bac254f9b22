package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.NumericProfile;
import org.simreg.proto.Optimization.Optimizer;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.train.student.RunCheckpoint;

/** Tests that checkpoints of earlier versions still open, and go on to the end that they would have had. */
class EarlierCheckpointTest {
    private static final Path EARLIER = Path.of("src/test/resources/earlier/before-optimizers.safetensors");
    private static final String END = "87f13f4b0d89fe5f4d2a2347f67aaa0035e953cb67bede73282892264017e85e";

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void leaveItAsTheNewest() throws IOException {
        file = Files.createDirectories(SmallRun.checkpoints(folder)).resolve(RunCheckpoint.fileName(2));
        Files.copy(EARLIER, file);
    }

    private static Job.Builder job() {
        Job.Builder job = SmallRun.job("self");
        job.getStudentBuilder().clearNetwork().setModule("src/test/resources/modules/odd.pt");
        job.getMomentumTeacherBuilder().setHidden(16).setOutput(8);
        job.getOptimizationBuilder().setMicroBatches(2);
        return job;
    }

    @Test
    void aRunFromBeforeThereWereOptimizersGoesOnByItsOwn() {
        SmallRun run = SmallRun.resumed(job().setExact(false), folder);
        assertTrue(run.ended());
        assertEquals(
                List.of(3L, 4L, 5L, 6L),
                run.steps().stream().map(step -> step.getStep()).toList());
    }

    @Test
    void onTheMachineThatMadeItItEndsWithItsBits() {
        String here;
        try (Torch torch = new Torch("cpu", 1)) {
            here = torch.profile();
        }
        String made = RunCheckpoint.Header.read(file).profile();
        assumeTrue(NumericProfile.same(made, here), "made on " + made + ", this is " + here);
        assertEquals(END, SmallRun.resumed(job(), folder).sha256());
    }

    @Test
    void aJobThatAnEarlierVersionHasCompletedHasTheSameBits() throws IOException {
        Job now = JobSettings.complete(job().build());
        Job before = RunCheckpoint.Header.read(file).job();
        assertFalse(before.getOptimization().hasOptimizer());
        assertEquals(twoSteps(now), twoSteps(before));
    }

    private String twoSteps(Job job) {
        try (LoadedJob loaded = JobLoader.open(job, SmallRun.settings(folder, 1, 1), notice -> {})) {
            loaded.start();
            loaded.inputs().share(0, loaded.plan().microBatches());
            SmallRun.steps(loaded, 2);
            return loaded.snapshot().sha256();
        }
    }

    @Test
    void anotherOptimizerOrAnAverageIsAnotherJob() {
        for (boolean average : List.of(false, true)) {
            Job.Builder job = job().setExact(false);
            if (average) {
                job.getOptimizationBuilder().setEmaDecay(0.9);
            } else {
                job.getOptimizationBuilder().setOptimizer(Optimizer.LARS);
            }
            String said = assertThrows(UserError.class, () -> SmallRun.resumed(job, folder))
                    .getMessage();
            assertTrue(said.contains("was made by another job"), said);
            assertFalse(said.contains("\n"), said);
        }
    }
}
