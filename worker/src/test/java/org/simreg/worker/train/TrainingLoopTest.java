package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.train.TrainingLoop.Role;
import org.simreg.worker.train.student.RunCheckpoint;

/** Tests of the loop over a job that stays loaded, as generation follows generation. */
class TrainingLoopTest {
    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static String teacher;

    private final List<String> said = new ArrayList<>();

    @BeforeAll
    static void writeTeacher() {
        teacher = SmallRun.teacher(shared, Network.MOBILENET_V2, 1);
    }

    /** A listener that writes the events down as words. */
    private final class Listener implements TrainingLoop.Events {
        @Override
        public void committed(StepDone done, String sha256) {
            said.add("step " + done.getStep() + (sha256.isEmpty() ? "" : " with digest"));
        }

        @Override
        public void measured(EvaluationDone done) {
            said.add(done.getSubject() + " after epoch " + done.getEpoch());
        }

        @Override
        public void checkpoint(RunCheckpoint.Snapshot snapshot) {
            said.add("checkpoint " + snapshot.step());
        }

        @Override
        public void trained(RunCheckpoint.Snapshot end) {
            said.add("trained " + end.step());
        }
    }

    private LoadedJob open(Job.Builder job) {
        return JobLoader.open(JobSettings.complete(job.build()), SmallRun.settings(folder, 1, 1), notice -> {});
    }

    private void run(LoadedJob job, Role role, BooleanSupplier halted) {
        try (Reduce reduce = new LocalReduce(job.scope(), job.student()::newOut)) {
            new TrainingLoop(job, reduce, role, halted, new Listener()).run();
        }
    }

    private static BooleanSupplier after(int asks) {
        int[] left = {asks};
        return () -> left[0]-- <= 0;
    }

    @Test
    void haltedWhereverAndTakenUpWithWhatItHoldsItEndsWithTheSameBits() {
        Job.Builder settings = SmallRun.job(teacher);
        String unbroken = SmallRun.whole(settings, folder.resolve("unbroken")).sha256();
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        try (LoadedJob job = open(settings)) {
            job.start();
            int halts = 0;
            while (said.isEmpty() || !said.get(said.size() - 1).startsWith("trained")) {
                long before = said.size();
                int asks = random.nextInt(5);
                try {
                    run(job, Role.ALONE, after(asks));
                } catch (Abandoned e) {
                    halts++;
                    assertEquals(said.size() - before, asks / 2, "steps between two halts");
                }
            }
            assertTrue(halts > 0);
            assertEquals(unbroken, job.snapshot().sha256(), "halted by the random seed " + seed);
        }
        assertEquals(
                List.of("step 1", "step 2", "step 3", "step 4", "step 5", "step 6 with digest", "trained 6"), said);
    }

    @Test
    void theMemberThatLeadsMeasuresWhatIsDueOnceAndGivesCheckpoints() {
        Job.Builder settings = SmallRun.job(teacher);
        settings.getDatasetBuilder()
                .clearPath()
                .addPath(SmallRun.SAMPLE.toString())
                .setLimitClasses(4);
        settings.getOptimizationBuilder().setEpochs(1).setMaxSteps(3);
        settings.getCheckpointsBuilder().setEverySteps(2).setDigestSteps(1);
        try (LoadedJob job = open(settings)) {
            job.start();
            Measurement known = Measurement.newBuilder()
                    .setSubject("student at random")
                    .setEpoch(0)
                    .build();
            run(job, new Role(true, Set.of(known), List.of()), () -> false);
            assertEquals(
                    List.of(
                            "teacher after epoch 0",
                            "step 1 with digest",
                            "step 2 with digest",
                            "checkpoint 2",
                            "step 3 with digest",
                            "student after epoch 1",
                            "trained 3"),
                    said);
            said.clear();
            run(job, Role.ALONE, () -> false);
            assertEquals(List.of("student after epoch 1", "trained 3"), said, "at the end already");
            said.clear();
            run(job, new Role(false, Set.of(), List.of()), () -> false);
            assertEquals(List.of(), said, "another leads");
        }
    }

    @Test
    void aStudentThatMayBeTheBestGivesItsCheckpointBeforeItIsMeasured() {
        Job.Builder settings = SmallRun.job(teacher);
        settings.getDatasetBuilder()
                .clearPath()
                .addPath(SmallRun.SAMPLE.toString())
                .setLimitClasses(4);
        settings.getOptimizationBuilder().setEpochs(1).setMaxSteps(2);
        settings.getCheckpointsBuilder().setKeepBest(1).setEverySteps(2);
        try (LoadedJob job = open(settings)) {
            job.start();
            run(job, Role.ALONE, () -> false);
            int measured = said.indexOf("student after epoch 1");
            assertEquals("checkpoint 2", said.get(measured - 1));
            assertEquals(1, said.stream().filter("checkpoint 2"::equals).count());
        }
    }

    @Test
    void theBestStudentIsRefusedWhereNoAccuracyCanBeMeasured() {
        Job.Builder settings = SmallRun.job(teacher);
        settings.getCheckpointsBuilder().setKeepBest(1);
        UserError refused = assertThrows(UserError.class, () -> open(settings).close());
        assertTrue(refused.getMessage().startsWith("checkpoints.keep_best needs k-NN accuracy"), refused.getMessage());
    }

    @Test
    void withoutAStateThereIsNothingToTrain() {
        try (LoadedJob job = open(SmallRun.job(teacher))) {
            TrainingLoop.warmUp(job);
            assertThrows(IllegalStateException.class, job::student);
        }
    }
}
