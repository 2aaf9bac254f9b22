package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Precision;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.proto.Views;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.weights.checkpoint.ShownImages;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of runs with a TorchScript module as the student: resumed, exported, to the bit. */
public class ModuleStudentTest {
    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static String teacher;

    @BeforeAll
    static void writeTeacher() {
        teacher = SmallRun.teacher(shared, Network.MOBILENET_V2, 1);
    }

    private static Job.Builder job(String module) {
        Job.Builder job = SmallRun.job(teacher);
        job.getStudentBuilder().clearNetwork().setModule(file(module).toString());
        job.getOptimizationBuilder().setMicroBatches(2);
        return job;
    }

    public static Path file(String module) {
        String resource = "/modules/" + module + ".pt";
        try {
            return Path.of(Objects.requireNonNull(ModuleStudentTest.class.getResource(resource), resource)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cnn", "vit", "odd", "dropout"})
    void interruptedAndResumedItEndsWithTheSameBits(String module) {
        SmallRun whole = SmallRun.whole(job(module), folder.resolve("whole"));
        Path broken = folder.resolve("broken");
        SmallRun stopped = SmallRun.run(job(module), broken, false, SmallRun.commits(2));
        assertFalse(stopped.ended());
        assertEquals(whole.sha256(), SmallRun.resumed(job(module), broken).sha256());
        assertEquals(
                whole.sha256(), SmallRun.whole(job(module), folder.resolve("2")).sha256());
        assertNotEquals(
                whole.sha256(),
                SmallRun.whole(job(module).setSeed(8), folder.resolve("other")).sha256());
    }

    /** Its trial has few images; the run has eight in a micro-batch. */
    @Test
    void aModuleThatRaisesAnErrorWhileItTrainsIsNamedWithIt() {
        Job.Builder job = job("few");
        job.getOptimizationBuilder().setMicroBatches(1);
        UserError why = assertThrows(UserError.class, () -> SmallRun.whole(job, folder.resolve("run")));
        assertTrue(
                why.getMessage()
                        .startsWith(
                                "Can't train the TorchScript module " + file("few") + ": it failed on images (8, 3,"),
                why.getMessage());
        assertTrue(why.getMessage().endsWith("at most five images"), why.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "cnn, SAME_WEAK",
        "cnn, WEAK_WEAK",
        "odd, SAME_WEAK",
        "vit, STRONG_STRONG",
        "dropout, SAME_WEAK",
        "dropout, STRONG_STRONG"
    })
    void whoComputesWhichMicroBatchDoesntMatter(String module, Views.Policy policy) throws Exception {
        Job.Builder job = job(module);
        job.getViewsBuilder().setPolicy(policy);
        String alone = threeSteps(job, 2);
        assertEquals(alone, threeSteps(job, 1), "each micro-batch by a worker of its own");
    }

    /**
     * Three steps by as many workers as there are shares; every one begins each step from the state
     * that the one before left, in a module of its own.
     *
     * @param share micro-batches that a worker computes of each step
     */
    private String threeSteps(Job.Builder asked, int share) throws Exception {
        Job job = JobSettings.complete(asked.build());
        WorkerSettings settings = SmallRun.settings(folder, 1, 1);
        try (LoadedJob one = JobLoader.open(job, settings, notice -> {});
                LoadedJob two = JobLoader.open(job, settings, notice -> {})) {
            one.start();
            TrainingLoop.warmUp(two);
            two.start();
            one.inputs().share(0, share);
            two.inputs().share(1, 1);
            try (Reduce reduce = new LocalReduce(one.scope(), one.student()::newOut)) {
                for (int step = 0; step < 3; step++) {
                    Reduce.Round round = reduce.begin(step, one.leaves());
                    offer(one, step, round);
                    if (share == 1) {
                        offer(two, step, round);
                    }
                    SmallRun.loop(one, reduce).update(step, round.mean().get());
                    two.take(step + 1, one.snapshot().state());
                }
            }
            return one.snapshot().sha256();
        }
    }

    private static void offer(LoadedJob job, int step, Reduce.Round round) {
        job.inputs().prepare(step);
        TrainingLoop.backward(job, step, round);
    }

    @Test
    void itLearnsFromItsOwnAverageToo() {
        Job.Builder job = job("cnn");
        job.clearTeachers().clearHead().addTeachersBuilder().setSource("self");
        job.getMomentumTeacherBuilder().setHidden(32).setOutput(16);
        SmallRun whole = SmallRun.whole(job, folder.resolve("whole"));
        SmallRun.run(job, folder.resolve("broken"), false, SmallRun.commits(3));
        assertEquals(
                whole.sha256(), SmallRun.resumed(job, folder.resolve("broken")).sha256());
    }

    @ParameterizedTest
    @ValueSource(strings = {"cnn", "vit"})
    void aStudentLearns(String module) {
        Job.Builder job = job(module);
        job.getOptimizationBuilder().setEpochs(30).setMicroBatches(1).setLr(0.3);
        List<Double> losses = SmallRun.whole(job, folder).steps().stream()
                .map(StepDone::getLoss)
                .toList();
        double first = mean(losses.subList(0, 3));
        double last = mean(losses.subList(losses.size() - 6, losses.size()));
        assertTrue(last < 0.6 * first, "from " + first + " to " + last);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(value -> value).average().orElseThrow();
    }

    @Test
    void whatIsExportedHoldsTheTrainedWeightsByTheModulesNames() {
        SmallRun run = SmallRun.exported(job("cnn"), folder);
        assertEquals(
                List.of("student/cnn.torchscript.pt", "student/cnn.safetensors", "student/cnn.pth"), run.exports());
        assertTrue(
                run.events().stream().map(Progress::toString).anyMatch(e -> e.contains("ONNX")),
                "what isn't written is said");
        Path newest = RunCheckpoint.newest(SmallRun.checkpoints(folder)).orElseThrow();
        StateDict trained = WeightsFile.read(newest).withoutPrefix("backbone.");
        StateDict original = WeightsFile.read(file("cnn"));
        for (String export : run.exports()) {
            String source = export.contains("torchscript") ? "torchscript:" : "";
            assertEquals(
                    Optional.of(new ShownImages(32, 37, Pixels.IMAGENET, Precision.FLOAT32, Interpolation.BILINEAR)),
                    ShownImages.of(source + folder.resolve(export)),
                    export);
            StateDict exported = WeightsFile.read(folder.resolve(export));
            assertTrue(original.names().equals(exported.names()), export);
            for (String name : trained.names()) {
                if (!name.endsWith("num_batches_tracked")) {
                    assertEquals(trained.get(name).data(), exported.get(name).data(), export + name);
                }
            }
        }
        assertNotEquals(
                original.get("fc.weight").data(), trained.get("fc.weight").data());
    }

    @Test
    void withoutTheModulesFileNothingCanBeExported() throws Exception {
        Path module = Files.copy(file("cnn"), folder.resolve("mine.pt"));
        Job.Builder job = job("cnn");
        job.getStudentBuilder().setModule(module.toString());
        job.getOptimizationBuilder().setMaxSteps(1);
        SmallRun.whole(job, folder);
        Path newest = RunCheckpoint.newest(SmallRun.checkpoints(folder)).orElseThrow();
        Files.copy(file("vit"), module, StandardCopyOption.REPLACE_EXISTING);
        refused(newest, EnumSet.allOf(StudentExport.Format.class), "which must have been replaced");
        refused(newest, EnumSet.of(StudentExport.Format.ONNX), "as ONNX");
        Files.delete(module);
        refused(newest, EnumSet.allOf(StudentExport.Format.class), "which can't be read here");
    }

    private void refused(Path file, EnumSet<StudentExport.Format> formats, String reason) {
        UserError refused = assertThrows(
                UserError.class,
                () -> StudentExport.checkpoint(StudentExport.Source.run(file), folder, 32, formats, n -> {}));
        assertTrue(refused.getMessage().contains(reason), refused.getMessage());
        assertFalse(refused.getMessage().contains("\n"), refused.getMessage());
    }

    @Test
    void itStartsFromTheWeightsOfAFile() {
        Job.Builder first = job("odd");
        first.getOptimizationBuilder().setMaxSteps(2);
        SmallRun.exported(first, folder.resolve("first"));
        for (String file : List.of("student/odd.pth", "student/odd.torchscript.pt")) {
            Job.Builder job = job("odd");
            job.getOptimizationBuilder().setMaxSteps(1);
            job.getStudentBuilder()
                    .setInit(folder.resolve("first").resolve(file).toString());
            Path run = folder.resolve(file.replace('/', '-'));
            SmallRun.whole(job, run);
            StateDict given = WeightsFile.read(folder.resolve("first").resolve(file));
            StateDict taken = WeightsFile.read(SmallRun.checkpoints(run).resolve(RunCheckpoint.fileName(0)));
            for (String name : List.of("first.weight", "norm.running_var", "centre")) {
                assertEquals(
                        given.get(name).data(), taken.get("backbone." + name).data(), name);
            }
        }
    }
}
