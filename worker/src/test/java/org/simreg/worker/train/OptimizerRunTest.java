package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Optimization.Optimizer;
import org.simreg.proto.Precision;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.export.StudentExport.Source;
import org.simreg.worker.network.Weight;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of runs with each optimizer, clipped gradients and an average of the student: bits, averages, exports. */
class OptimizerRunTest {
    private static final double DECAY = 0.6;

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static String teacher;

    @BeforeAll
    static void writeTeacher() {
        teacher = SmallRun.teacher(shared, Network.MOBILENET_V2, 1);
    }

    /** Eight steps in two epochs of a module with buffers and a counter. */
    private static Job.Builder job(Optimizer optimizer) {
        Job.Builder job = SmallRun.job(teacher);
        job.getStudentBuilder()
                .clearNetwork()
                .setModule(ModuleStudentTest.file("cnn").toString());
        job.getOptimizationBuilder()
                .setOptimizer(optimizer)
                .setBatch(6)
                .setMicroBatches(3)
                .setClipNorm(1)
                .setEmaDecay(DECAY)
                .setWarmupSteps(3)
                .setMinLr(1e-6);
        job.getCheckpointsBuilder().setEverySteps(1).setKeep(20);
        return job;
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "UNRECOGNIZED")
    void stoppedAgainAndAgainItEndsWithTheSameBits(Optimizer optimizer) {
        String whole = SmallRun.whole(job(optimizer), folder.resolve("whole")).sha256();
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        long at = 0;
        SmallRun run = null;
        while (run == null || !run.ended()) {
            at += 1 + random.nextInt(4);
            run = SmallRun.run(job(optimizer), folder.resolve("broken"), run != null, SmallRun.commits(at));
        }
        assertEquals(whole, run.sha256(), "stopped by the random seed " + seed);
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "UNRECOGNIZED")
    void oneTwoOrThreeWorkersEndWithTheSameBits(Optimizer optimizer) throws Exception {
        String alone = fourSteps(job(optimizer), List.of(3), folder);
        assertEquals(alone, fourSteps(job(optimizer), List.of(2, 1), folder));
        assertEquals(alone, fourSteps(job(optimizer), List.of(1, 1, 1), folder));
    }

    /** A transformer, and squeeze-and-excitation, with drop path; two more by default in DropPathRunTest. */
    @ParameterizedTest
    @EnabledIfSystemProperty(named = "simreg.test.networks", matches = "all")
    @CsvSource({"VIT_TI16, ADAMW", "EFFICIENTNET_B0, LARS"})
    void studentsOfTodayEndWithTheSameBitsToo(Network student, Optimizer optimizer) throws Exception {
        Job.Builder job = job(optimizer);
        job.getStudentBuilder().clearModule().setNetwork(student).setDropPath(0.3);
        assertEquals(fourSteps(job, List.of(3), folder), fourSteps(job, List.of(2, 1), folder));
    }

    @Test
    void roundedWeightsOfANetworkFollowToo() {
        Job.Builder job = job(Optimizer.ADAMW).setPrecision(Precision.BFLOAT16);
        job.getStudentBuilder().clearModule().setNetwork(Network.MOBILENET_V2);
        job.getOptimizationBuilder().setMaxSteps(2);
        String whole = SmallRun.whole(job, folder.resolve("whole")).sha256();
        SmallRun.run(job, folder.resolve("broken"), false, SmallRun.commits(1));
        assertEquals(whole, SmallRun.resumed(job, folder.resolve("broken")).sha256());
    }

    /**
     * Four steps by as many workers as there are shares, of which the first updates; the others take its state after
     * every step, as newcomers take a peer's.
     *
     * @param shares micro-batches of a step that each computes
     */
    static String fourSteps(Job.Builder asked, List<Integer> shares, Path folder) throws Exception {
        Job job = JobSettings.complete(asked.build());
        WorkerSettings settings = SmallRun.settings(folder, 1, 1);
        List<LoadedJob> workers = new ArrayList<>();
        try {
            int first = 0;
            for (int share : shares) {
                LoadedJob worker = JobLoader.open(job, settings, notice -> {});
                workers.add(worker);
                worker.start();
                worker.inputs().share(first, share);
                first += share;
            }
            LoadedJob leader = workers.get(0);
            try (Reduce reduce = new LocalReduce(leader.scope(), leader.student()::newOut)) {
                for (int step = 0; step < 4; step++) {
                    Reduce.Round round = reduce.begin(step, leader.leaves());
                    for (LoadedJob worker : workers) {
                        worker.inputs().prepare(step);
                        TrainingLoop.backward(worker, step, round);
                    }
                    SmallRun.loop(leader, reduce).update(step, round.mean().get());
                    List<float[]> sent = leader.snapshot().state().vectors();
                    for (LoadedJob worker : workers.subList(1, workers.size())) {
                        worker.take(step + 1, worker.layout().of(sent));
                    }
                }
            }
            return leader.snapshot().sha256();
        } finally {
            workers.forEach(LoadedJob::close);
        }
    }

    @Test
    void theAverageFollowsTheStudentStepByStep() {
        SmallRun run = SmallRun.whole(job(Optimizer.ADAMW), folder);
        Job whole = JobSettings.complete(job(Optimizer.ADAMW).build());
        LearningSchedule schedule = LearningSchedule.of(whole, TrainingPlan.of(whole, 25));
        List<StudentState> states = states(run);
        StudentNetwork trained = trained(run);
        FlatLayout layout = trained.backboneLayout();
        assertEquals(9, states.size(), "one before the first step");
        assertArrayEquals(backbone(trained, states.get(0)), states.get(0).ema(), "it begins as the student");
        for (int step = 0; step < 8; step++) {
            double kept = schedule.emaDecay(step);
            float[] now = backbone(trained, states.get(step + 1));
            for (FlatLayout.Slot slot : layout.slots()) {
                for (int i = slot.offset(); i < slot.offset() + slot.weight().length(); i++) {
                    double before = states.get(step).ema()[i];
                    double expected =
                            slot.weight().kind() == Weight.Kind.COUNTER ? now[i] : kept * before + (1 - kept) * now[i];
                    float got = states.get(step + 1).ema()[i];
                    assertEquals(expected, got, 1e-6 * Math.abs(expected) + 1e-8, slot.weight() + " after " + step);
                }
            }
        }
        assertNotEquals(List.of(states.get(7).ema()[0]), List.of(states.get(8).ema()[0]), "it moves to the end");
    }

    /** The networks of the job, as its loader makes them. */
    private StudentNetwork trained(SmallRun run) {
        Job whole = JobSettings.complete(job(Optimizer.ADAMW).build());
        try (LoadedJob loaded = JobLoader.open(whole, SmallRun.settings(run.folder(), 1, 1), notice -> {})) {
            return loaded.layout().trained();
        }
    }

    private List<StudentState> states(SmallRun run) {
        StudentNetwork trained = trained(run);
        return RunCheckpoint.list(SmallRun.checkpoints(run.folder())).stream()
                .map(file -> RunCheckpoint.read(file, trained).state())
                .toList();
    }

    private static float[] backbone(StudentNetwork trained, StudentState state) {
        return new StudentState.Layout(trained, List.of(), true).begin(state).ema();
    }

    @Test
    void studentAndAverageAreExportedEachWithItsWeights() {
        SmallRun run = SmallRun.whole(job(Optimizer.LARS), folder);
        Path file = RunCheckpoint.newest(SmallRun.checkpoints(folder)).orElseThrow();
        StateDict held = WeightsFile.read(file);
        List<String> notes = new ArrayList<>();
        StateDict student = exported(Source.student(file), "student", notes);
        StateDict average = exported(Source.average(file), "average", notes);
        assertEquals(List.of(), notes, "what is asked for needs no note");
        assertEquals(
                held.get("backbone.fc.weight").data(), student.get("fc.weight").data());
        assertEquals(
                held.get("ema.backbone.fc.weight").data(),
                average.get("fc.weight").data());
        assertNotEquals(
                student.get("fc.weight").data(), average.get("fc.weight").data());
        StateDict preferred = exported(new Source(file, Optional.empty(), PartRequest.ANY), "preferred", notes);
        assertEquals(average.get("fc.weight").data(), preferred.get("fc.weight").data());
        assertTrue(notes.get(0).contains("taken is the average at 'ema.backbone.'"), notes.toString());
        assertTrue(run.ended());
    }

    private StateDict exported(Source source, String name, List<String> notes) {
        Path out = folder.resolve(name);
        StudentExport.checkpoint(source, out, 32, EnumSet.of(StudentExport.Format.SAFETENSORS), notes::add);
        return WeightsFile.read(out.resolve("cnn.safetensors"));
    }

    @Test
    void aRunOfAnotherOptimizerMayRestartFromIt() {
        SmallRun.whole(job(Optimizer.ADAMW), folder);
        Job.Builder job = job(Optimizer.SGD);
        job.getStudentBuilder().setRestart(folder.toString());
        StudentNetwork trained = trained(SmallRun.whole(job(Optimizer.ADAMW), folder.resolve("again")));
        StudentState end = RunCheckpoint.read(
                        RunCheckpoint.newest(SmallRun.checkpoints(folder)).orElseThrow(), trained)
                .state();
        StudentState begun = StudentBuilder.start(JobSettings.complete(job.build()), trained);
        assertArrayEquals(end.weights(), begun.weights());
        assertEquals(1, begun.moments().size());
        assertArrayEquals(new float[end.weights().length], begun.moments().get(0));
        assertArrayEquals(backbone(trained, end), begun.ema(), "its average begins anew");
    }

    @Test
    void everyStepTellsItsRateAndTheGradientsNorm() {
        List<StepDone> steps = SmallRun.whole(job(Optimizer.SGD), folder).steps();
        assertTrue(steps.stream().allMatch(step -> step.getGradientNorm() > 0), steps.toString());
        assertEquals(0.05 / 3, steps.get(0).getLr(), 1e-12);
        Job.Builder unclipped = job(Optimizer.SGD);
        unclipped.getOptimizationBuilder().clearClipNorm().setMaxSteps(1);
        StepDone step =
                SmallRun.whole(unclipped, folder.resolve("unclipped")).steps().get(0);
        assertTrue(!step.hasGradientNorm(), step.toString());
    }

    @Test
    void aWarmUpOfAllStepsIsRefused() {
        Job.Builder job = job(Optimizer.SGD);
        job.getOptimizationBuilder().setWarmupSteps(8);
        String said =
                assertThrows(UserError.class, () -> SmallRun.whole(job, folder)).getMessage();
        assertTrue(said.contains("optimization.warmup_steps is 8 but the job has only 8 steps"), said);
    }
}
