package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.storage.WorkerSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.TorchZip;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of a student's first state: random, a backbone's file, or an old run's checkpoint. */
class StartTest {
    private static final Network NAME = Network.MOBILENET_V2;

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path run;
    private static StudentState end;

    @BeforeAll
    static void trainOnce() {
        run = shared.resolve("run");
        Job.Builder job = SmallRun.job(SmallRun.teacher(shared, NAME, 1));
        job.getOptimizationBuilder().setMaxSteps(2);
        job.getCheckpointsBuilder().setEverySteps(1).setKeep(9);
        SmallRun.exported(job, run);
        Path newest = RunCheckpoint.newest(SmallRun.checkpoints(run)).orElseThrow();
        end = RunCheckpoint.read(newest, trained(Head.Form.LINEAR, 1, NAME)).state();
    }

    private static StudentNetwork trained(Head.Form form, int layers, Network name) {
        var network = Networks.backbone(name);
        return StudentNetwork.regression(network, List.of(Heads.regression(form, layers, network.outputs(), 1280)));
    }

    private static StudentState start(Job.Builder job) {
        return StudentBuilder.start(job.build(), trained(Head.Form.LINEAR, 1, NAME));
    }

    private static Job.Builder restart(Path file) {
        Job.Builder job = SmallRun.job("teacher.pth");
        job.getStudentBuilder().setRestart(file.toString());
        return job;
    }

    @ParameterizedTest
    @ValueSource(strings = {".", "checkpoints", "checkpoints/step-00000002.safetensors"})
    void aRestartTakesStudentHeadsAndStatisticsButNoMomentum(String path) {
        StudentState state = start(restart(run.resolve(path)));
        assertArrayEquals(end.weights(), state.weights());
        assertArrayEquals(end.statistics(), state.statistics());
        assertArrayEquals(new float[end.weights().length], state.moments().get(0));
    }

    @Test
    void aRestartedRunBeginsAtStepZeroAndGoesOnLikeAnyOther() {
        Job.Builder job = SmallRun.job(SmallRun.teacher(shared, NAME, 1));
        job.getStudentBuilder().setRestart(run.toString());
        job.getOptimizationBuilder().setMaxSteps(3);
        SmallRun whole = SmallRun.whole(job, folder.resolve("whole"));
        assertEquals(3, whole.steps().size());
        Path first = SmallRun.checkpoints(whole.folder()).resolve(RunCheckpoint.fileName(0));
        assertArrayEquals(
                end.weights(),
                RunCheckpoint.read(first, trained(Head.Form.LINEAR, 1, NAME))
                        .state()
                        .weights());
        Path broken = folder.resolve("broken");
        SmallRun.run(job, broken, false, SmallRun.commits(1));
        assertEquals(whole.sha256(), SmallRun.resumed(job, broken).sha256());
    }

    @ParameterizedTest
    @CsvSource({
        "RELEASED, 1, MOBILENET_V2",
        "RELEASED, 4, MOBILENET_V2",
        "LINEAR, 1, RESNET18",
    })
    void otherHeadsOrAnotherNetworkAreRefused(Head.Form form, int layers, Network name) {
        StudentNetwork other = trained(form, layers, name);
        refused(restart(run), other, "its student or heads are others than this job's (");
    }

    @Test
    void aHeadMoreInTheFileIsRefusedToo() {
        var network = Networks.backbone(NAME);
        StudentNetwork headless = StudentNetwork.selfTaught(
                network, Heads.projection(network.outputs(), 8, 4), Heads.projection(4, 8, 4));
        refused(restart(run), headless, "with head.");
    }

    @Test
    void aHeadOfAnotherWidthIsRefused() {
        var network = Networks.backbone(NAME);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        StudentNetwork narrow = StudentNetwork.regression(network, List.of(head));
        refused(restart(run), narrow, "it belongs to another student or head");
    }

    @Test
    void weightsWithoutARunAreRefused() throws Exception {
        Path weights = Path.of(SmallRun.teacher(folder, NAME, 3));
        StudentNetwork trained = trained(Head.Form.LINEAR, 1, NAME);
        refused(restart(weights), trained, "it is no checkpoint of a run");
        refused(restart(folder), trained, "it holds no checkpoint; give a run folder");
        refused(restart(folder.resolve("absent")), trained, "there is no such file");
        Path text = Files.writeString(folder.resolve("notes.txt"), "weights?");
        refused(restart(text), trained, "it is no checkpoint of a run");
    }

    private static void refused(Job.Builder job, StudentNetwork trained, String reason) {
        UserError refused = assertThrows(UserError.class, () -> StudentBuilder.start(job.build(), trained));
        assertTrue(refused.getMessage().contains(reason), refused.getMessage());
        assertFalse(refused.getMessage().contains("\n"), refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "module.", "encoder.", "backbone.", "module.encoder_q.", "encoder_q.module.", "student."})
    void anInitIsFoundBehindThePrefixesOfTheWild(String prefix) {
        StateDict weights = SmallRun.weights(NAME, 5);
        StateDict average = SmallRun.weights(NAME, 6);
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (String name : weights.names()) {
            tensors.put(prefix + name, weights.get(name));
            if (prefix.equals("encoder_q.module.")) {
                tensors.put("encoder_k.module." + name, average.get(name));
            }
        }
        tensors.put("predict_q.module.0.weight", HostTensor.of(new float[6], 2, 3));
        Path file = folder.resolve("weights.pth");
        TorchZip.write(file, StateDict.of(tensors));
        assertTaken(weights, start(init(file)));
    }

    private static Job.Builder init(Path file) {
        Job.Builder job = SmallRun.job("teacher.pth");
        job.getStudentBuilder().setInit(file.toString());
        return job;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "student/mobilenet-v2.torchscript.pt",
                "student/mobilenet-v2.safetensors",
                "student/mobilenet-v2.pth",
                "checkpoints/step-00000002.safetensors"
            })
    void anInitIsAnythingThatARunLeavesBehind(String file) {
        StudentState state = start(init(run.resolve(file)));
        StudentNetwork trained = trained(Head.Form.LINEAR, 1, NAME);
        assertTaken(StudentBuilder.backbone(trained, end), state);
        String head = "head.1.weight";
        assertFalse(
                Arrays.equals(
                        trained.parameters().get(end.weights(), head),
                        trained.parameters().get(state.weights(), head)),
                "the head is new");
    }

    private static void assertTaken(StateDict wanted, StudentState state) {
        StudentNetwork trained = trained(Head.Form.LINEAR, 1, NAME);
        StateDict taken = StudentBuilder.backbone(trained, state);
        for (Weight weight : trained.backbone().weights()) {
            String name = weight.name();
            assertArrayEquals(wanted.get(name).floats(), taken.get(name).floats(), name);
        }
    }

    /** The other two train in most tests here. */
    @ParameterizedTest
    @EnabledIfSystemProperty(named = "simreg.test.networks", matches = "all")
    @EnumSource(
            value = Network.class,
            names = {"RESNET34", "RESNET50"})
    void everyWeightOfTheLargerStudentsTrains(Network name) {
        Job.Builder asked = SmallRun.job(SmallRun.teacher(shared, NAME, 1));
        asked.getStudentBuilder().setNetwork(name);
        Job job = JobSettings.complete(asked.build());
        WorkerSettings settings = SmallRun.settings(folder, 1, 1);
        try (LoadedJob one = JobLoader.open(job, settings, notice -> {})) {
            one.start();
            StudentState before = one.snapshot().state();
            SmallRun.steps(one, 1);
            StudentState after = one.snapshot().state();
            StudentNetwork trained = trained(Head.Form.LINEAR, 1, name);
            for (Weight weight : trained.parameters().weights()) {
                assertFalse(
                        Arrays.equals(
                                trained.parameters().get(before.weights(), weight.name()),
                                trained.parameters().get(after.weights(), weight.name())),
                        weight.name());
            }
        }
    }

    @Test
    void aJobThatIsGivenUpWhileItIsLoadedIsNotLoadedOn() {
        List<String> said = new ArrayList<>();
        Notices unwanted = new Notices() {
            @Override
            public void accept(String notice) {
                said.add(notice);
            }

            @Override
            public boolean wanted() {
                return said.isEmpty();
            }
        };
        unwanted.accept("given up");
        // The teacher isn't looked for any more.
        Job job = JobSettings.complete(SmallRun.job("absent.pth").build());
        assertThrows(Abandoned.class, () -> JobLoader.open(job, SmallRun.settings(folder, 1, 1), unwanted));
    }
}
