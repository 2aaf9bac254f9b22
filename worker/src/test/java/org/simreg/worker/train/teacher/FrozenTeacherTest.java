package org.simreg.worker.train.teacher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.StepDone;
import org.simreg.proto.Teacher;
import org.simreg.proto.UserError;
import org.simreg.proto.Views;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.export.TorchScriptWriter;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.SmallRun;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.TorchZip;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of every kind of teacher in whole runs, with the loss that it must give. */
class FrozenTeacherTest {
    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static String teacher;

    @BeforeAll
    static void writeTeacher() {
        teacher = SmallRun.teacher(shared, Network.MOBILENET_V2, 1);
    }

    /** Two steps of each are enough to see teacher, gradient and update. */
    private static Job.Builder brief(Job.Builder job) {
        job.getOptimizationBuilder().setMaxSteps(2);
        return job;
    }

    @Test
    void inBfloat16AStudentLearns() {
        Job.Builder job = SmallRun.job(teacher).setPrecision(Precision.BFLOAT16);
        learns(job);
    }

    @Test
    void aStudentLearnsFromItsOwnAverage() {
        learns(SmallRun.job("self"));
    }

    private void learns(Job.Builder job) {
        job.getOptimizationBuilder().setEpochs(12).setLr(0.2).setWarmupEpochs(1);
        List<Double> losses = SmallRun.whole(job, folder).steps().stream()
                .map(StepDone::getLoss)
                .toList();
        double first = mean(losses.subList(0, 3));
        double last = mean(losses.subList(33, 36));
        assertTrue(last < 0.6 * first, "from " + first + " to " + last);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(value -> value).average().orElseThrow();
    }

    @Test
    void aTorchScriptTeacherTeachesWhatItsWeightsTeach() {
        Path script = folder.resolve("teacher.pt");
        var network = Networks.backbone(Network.MOBILENET_V2);
        StateDict weights = SmallRun.weights(Network.MOBILENET_V2, 1).withCounters(network, 0);
        TorchScriptWriter.write(script, network, weights);
        double byScript = firstLoss(SmallRun.job("torchscript:" + script), "script");
        assertEquals(firstLoss(SmallRun.job(teacher), "weights"), byScript, 1e-5);
    }

    @Test
    void theLossOfTwoTeachersIsTheMeanOverTheirHeads() {
        String other = SmallRun.teacher(shared, Network.MOBILENET_V2, 2);
        SmallRun both = SmallRun.whole(brief(SmallRun.job(teacher, other)), folder);
        assertEquals(2, both.steps().size());
        double loss = both.steps().get(0).getLoss();
        assertTrue(loss > 1.8 && loss < 2.2, "unrelated features are orthogonal, loss " + loss);
        SmallRun twins = SmallRun.whole(brief(SmallRun.job(teacher, teacher)), folder.resolve("t"));
        assertNotEquals(loss, twins.steps().get(0).getLoss(), "the second teacher is asked too");
    }

    @Test
    void theOutputOfFcIsAFeatureOfItsOwnWidth() {
        Path file = folder.resolve("classifier.pth");
        TorchZip.write(file, SmallRun.classifier(Network.MOBILENET_V2, 10, 1));
        Job.Builder job = SmallRun.job(file.toString());
        job.getTeachersBuilder(0).setFeature(Teacher.Feature.FC);
        SmallRun run = SmallRun.whole(brief(job), folder.resolve("run"));
        assertTrue(run.events().toString().contains("2.2 M parameters and 0.0 M in heads"));
        assertNotEquals(
                firstLoss(SmallRun.job(file.toString()), "pooled"),
                run.steps().get(0).getLoss());
    }

    @Test
    void everyViewPolicyShowsOtherPixels() {
        Set<Double> losses = new HashSet<>();
        for (Views.Policy policy : List.of(
                Views.Policy.SAME_WEAK,
                Views.Policy.SAME_STRONG,
                Views.Policy.WEAK_WEAK,
                Views.Policy.WEAK_STRONG,
                Views.Policy.STRONG_STRONG)) {
            Job.Builder job = SmallRun.job(teacher);
            job.getViewsBuilder().setPolicy(policy);
            losses.add(firstLoss(job, policy.name()));
        }
        assertEquals(5, losses.size(), losses.toString());
    }

    @Test
    void aStudentStartsFromTheBackboneOfAFile() {
        SmallRun before = SmallRun.whole(brief(SmallRun.job(teacher)), folder.resolve("before"));
        Path file = SmallRun.checkpoints(before.folder()).resolve(RunCheckpoint.fileName(2));
        Job.Builder job = SmallRun.job("self");
        job.getStudentBuilder().setInit(file.toString());
        SmallRun after = SmallRun.whole(brief(job), folder.resolve("after"));
        Path start = SmallRun.checkpoints(after.folder()).resolve(RunCheckpoint.fileName(0));
        StateDict given = WeightsFile.read(file).withoutPrefix(StudentNetwork.BACKBONE);
        StateDict taken = WeightsFile.read(start);
        for (String name : given.names()) {
            assertEquals(
                    given.get(name).data(),
                    taken.get(StudentNetwork.BACKBONE + name).data(),
                    name);
            if (!name.contains("running_")) {
                assertEquals(
                        given.get(name).data(),
                        taken.get("average.backbone." + name).data(),
                        name);
            }
        }
    }

    private double firstLoss(Job.Builder job, String run) {
        SmallRun done = SmallRun.whole(brief(job), folder.resolve(run));
        assertEquals(2, done.steps().size());
        return done.steps().get(0).getLoss();
    }

    @Test
    void aFileThatIsNoTorchScriptIsRefusedByName() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.pt"), "not a module");
        refused("torchscript:" + text, text + ": it is no TorchScript file");
        refused("torchscript:" + folder.resolve("absent.pt"), "can't be read; check its path");
    }

    @Test
    void dataAndTeachersThatCantBeUsedAreToldTogether() throws IOException {
        Path classes = Files.writeString(folder.resolve("some.txt"), "animals-nature--animal-bord\nzzzzzz\n");
        Job.Builder job = SmallRun.job(teacher, folder.resolve("absent.pth").toString());
        job.getDatasetBuilder().clearPath().addPath(SmallRun.SAMPLE.toString()).setClassesFile(classes.toString());
        job.getTeachersBuilder(0).setNetwork(Network.RESNET18);
        UserError refused = assertThrows(UserError.class, () -> SmallRun.whole(job, folder));
        String message = refused.getMessage();
        assertTrue(message.startsWith("The job is refused for 3 reasons:"), message);
        assertTrue(message.contains("dataset.path (--data): The classes file"), message);
        assertTrue(
                message.contains("animals-nature--animal-bord (nearest: animals-nature--animal-bird), zzzzzz"),
                message);
        assertTrue(message.contains("teachers[0].source (--teacher): Can't use"), message);
        assertTrue(message.contains("teachers[1].source (--teacher): Can't read"), message);
        assertFalse(Files.exists(SmallRun.checkpoints(folder)));
    }

    @Test
    void aTeacherOfAnotherNetworkIsRefusedByName() {
        Job.Builder job = SmallRun.job(teacher);
        job.getTeachersBuilder(0).setNetwork(Network.RESNET18);
        UserError refused = assertThrows(UserError.class, () -> SmallRun.whole(job, folder));
        assertTrue(refused.getMessage().contains(teacher), refused.getMessage());
        assertFalse(refused.getMessage().contains("\n"), refused.getMessage());
    }

    @Test
    void weightsThatAreNoFiniteNumbersAreRefusedAsTeacherAndAsFirstWeights() {
        Path file = SmallRun.notANumber(folder, Network.MOBILENET_V2);
        refused(file.toString(), "features.0.1.weight holds a NaN or an infinity");
        Job.Builder begun = SmallRun.job(teacher);
        begun.getStudentBuilder().setNetwork(Network.MOBILENET_V2).setInit(file.toString());
        UserError refused = assertThrows(UserError.class, () -> SmallRun.whole(begun, folder));
        assertTrue(refused.getMessage().contains("features.0.1.weight holds a NaN"), refused.getMessage());
    }

    private void refused(String source, String reason) {
        UserError refused = assertThrows(UserError.class, () -> SmallRun.whole(SmallRun.job(source), folder));
        assertTrue(refused.getMessage().contains(reason), refused.getMessage());
        assertFalse(refused.getMessage().contains("\n"), refused.getMessage());
    }
}
