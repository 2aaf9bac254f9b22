package org.simreg.coordinator.cli.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.proto.BestStudent;
import org.simreg.proto.Head;
import org.simreg.proto.JobFinished;
import org.simreg.proto.Network;
import org.simreg.proto.Progress;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.tensor.StateDict;

/** {@code simreg distill} from start to end, in processes that can be killed. */
class EmbeddedRunTest {
    private static final Path PICTURES = Path.of("..", "scripts", "sample", "train", "smileys-emotion--heart");
    private static final int STEPS = 24;
    private static final int KILLS = Integer.getInteger("simreg.test.kills", 1);

    @TempDir
    Path folder;

    private Path teacher;

    @BeforeEach
    void writeTeacher() {
        teacher = folder.resolve("teacher.safetensors");
        var network = Networks.backbone(Network.MOBILENET_V2);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        StudentNetwork trained = StudentNetwork.regression(network, List.of(head));
        Safetensors.write(teacher, StudentBuilder.backbone(trained, InitialWeights.of(trained, 1)));
    }

    /** Four steps an epoch, a checkpoint after every third. */
    private Command distil(Path out, String... more) throws IOException {
        List<String> args = new ArrayList<>(List.of("distill", "--data", PICTURES.toString()));
        args.addAll(List.of("--teacher", teacher.toString()));
        args.addAll(List.of("--teacher-network", "mobilenet-v2"));
        args.addAll(List.of("--head", "linear", "--size", "32", "--batch", "6"));
        if (!List.of(more).contains("--epochs")) {
            args.addAll(List.of("--epochs", "6"));
        }
        args.addAll(List.of("--checkpoint-steps", "3", "--device", "cpu", "--threads", "1"));
        args.addAll(List.of("--decode-threads", "1", "--seed", "3", "--out", out.toString()));
        args.addAll(List.of(more));
        return Command.start(folder, args);
    }

    /** A student of a few layers. */
    private Command small(Path out, String... more) throws IOException {
        Path module = folder.resolve("student.pt");
        if (!Files.exists(module)) {
            SmallJob.student(module);
        }
        List<String> args = new ArrayList<>(List.of("--student-module", module.toString()));
        args.addAll(List.of(more));
        return distil(out, args.toArray(String[]::new));
    }

    @Test
    void aRunKilledAndStoppedEndsWithTheBitsOfAnUnbrokenRun() throws Exception {
        Path whole = folder.resolve("whole");
        Command unbroken = small(whole);
        assertEquals(0, unbroken.end(), unbroken.err());
        assertTrue(Files.exists(whole.resolve("report.html")));

        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        Path broken = folder.resolve("broken");
        killed(small(broken), broken, 1 + random.nextInt(5));
        if (KILLS > 1) {
            killed(small(broken, "--resume"), broken, 7 + random.nextInt(4));
        }
        Command stopped = small(broken, "--resume");
        stopped.awaits(metrics(broken), step(12 + random.nextInt(4)));
        assertEquals(128 + 15, stopped.terminate());
        assertTrue(stopped.out().contains("--resume --out " + broken), stopped.out());
        refused(resumed(broken, 2), 1, "use the same device and --threads");
        Command end = resumed(broken, 1);
        assertEquals(0, end.end(), end.err());

        assertEquals(sha256(whole), sha256(broken), "killed by the random seed " + seed);
        assertEquals(losses(whole), losses(broken), "each step once, with the same loss");
        assertEquals(STEPS, losses(broken).size());
    }

    @Test
    void whatThisMachineCannotDoEndsTheRunBecauseNoOtherMachineWillCome() throws Exception {
        refused(small(folder.resolve("none"), "--no-torchscript"), 1, "--no-torchscript");
    }

    @Test
    void aRunThatIsStoppedBeforeItsFirstStepLeavesNothing() throws Exception {
        Path run = folder.resolve("early");
        Command early = small(run);
        early.awaits(run.resolve("job.yaml"), "checkpoints:");
        early.terminate();
        assertTrue(
                Files.exists(run.resolve("checkpoints")) == early.out().contains("--resume --out " + run), early.out());
        assertTrue(Files.exists(run) || early.out().contains("nothing was kept"), early.out());
    }

    /** Evaluated after every epoch of four steps, until none of two has been better. */
    private Command patient(Path out, String... more) throws IOException {
        List<String> args = new ArrayList<>(
                List.of("--eval-data", folder.resolve("pictures").toString()));
        args.addAll(List.of(
                "--student",
                "mobilenet-v2",
                "--eval-epochs",
                "1",
                "--patience",
                "2",
                "--keep-best",
                "1",
                "--epochs",
                "40"));
        args.addAll(List.of(more));
        return distil(out, args.toArray(String[]::new));
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void aRunEndsEarlyAtTheSameStepWithTheSameBestStudentWhereverItIsKilled() throws Exception {
        SmallJob.pictures(folder.resolve("pictures"));
        Path whole = folder.resolve("whole");
        Command unbroken = patient(whole);
        assertEquals(0, unbroken.end(), unbroken.err());
        JobFinished finished = finished(whole);
        BestStudent best = finished.getBest();
        assertTrue(finished.getStep() < 160, "it ends early: " + finished);
        assertEquals(finished.getStep(), best.getStep() + 2 * 4, "two evaluations after the best");
        assertTrue(finished.getExportsList().contains("student-best/mobilenet-v2.onnx"), finished.toString());
        Path kept = whole.resolve("checkpoints").resolve(RunCheckpoint.fileName(best.getStep()));
        assertTrue(Files.exists(kept), "the best checkpoint is not pruned");
        assertArrayEquals(
                backbone(kept), backbone(whole.resolve("student-best/mobilenet-v2.safetensors")), "the best's weights");
        assertTrue(Files.readString(whole.resolve("report.html")).contains("best: student, epoch " + best.getEpoch()));
        assertTrue(unbroken.out().contains("best: student of epoch " + best.getEpoch()), unbroken.out());

        long seed = System.nanoTime();
        Path broken = folder.resolve("broken");
        killed(patient(broken), broken, 4 + new SplittableRandom(seed).nextLong(finished.getStep() - 4));
        Command end = resumed(broken, 1);
        assertEquals(0, end.end(), end.err());
        assertEquals(
                finished.toBuilder().clearSeconds().build(),
                finished(broken).toBuilder().clearSeconds().build(),
                "killed by the random seed " + seed);
    }

    /** The first convolution of a backbone. */
    private static float[] backbone(Path file) {
        StateDict tensors = WeightsFile.read(file);
        String name = tensors.names().stream()
                .filter(tensor -> tensor.endsWith("features.0.0.weight"))
                .findFirst()
                .orElseThrow();
        return tensors.get(name).floats();
    }

    /** With the job that the run folder knows. */
    private Command resumed(Path run, int threads) throws IOException {
        List<String> args = List.of("distill", "--resume", "--out=" + run, "--device=cpu");
        List<String> all = new ArrayList<>(args);
        all.add("--threads=" + threads);
        return Command.start(folder, all);
    }

    private void killed(Command command, Path run, long step) throws Exception {
        command.awaits(metrics(run), step(step));
        // Without a checkpoint there is nothing to resume from.
        command.awaits(metrics(run), "{\"checkpoint\":{");
        assertEquals(128 + 9, command.kill());
    }

    private static Path metrics(Path run) {
        return run.resolve("metrics.jsonl");
    }

    private static String step(long step) {
        return "{\"step\":{\"step\":" + step + ",";
    }

    private static List<Progress> events(Path run) throws IOException {
        List<Progress> events = new ArrayList<>();
        for (String line : Files.readAllLines(metrics(run))) {
            events.add(parse(line));
        }
        return events;
    }

    private static Progress parse(String line) throws InvalidProtocolBufferException {
        Progress.Builder event = Progress.newBuilder();
        JsonFormat.parser().merge(line, event);
        return event.build();
    }

    private static String sha256(Path run) throws IOException {
        return finished(run).getSha256();
    }

    private static JobFinished finished(Path run) throws IOException {
        List<Progress> finished =
                events(run).stream().filter(Progress::hasFinished).toList();
        assertEquals(1, finished.size());
        return finished.get(0).getFinished();
    }

    private static List<Double> losses(Path run) throws IOException {
        List<Progress> steps = events(run).stream().filter(Progress::hasStep).toList();
        assertEquals(
                LongStream.rangeClosed(1, steps.size()).boxed().toList(),
                steps.stream().map(event -> event.getStep().getStep()).toList());
        return steps.stream().map(event -> event.getStep().getLoss()).toList();
    }

    @Test
    void anUnreadableTeacherIsOneSentenceAndLeavesNoFolderInTheWay() throws Exception {
        Path out = folder.resolve("run");
        Files.writeString(teacher, "these are no weights");
        refused(distil(out), 1, teacher.toString());
        assertFalse(Files.exists(out));
    }

    private static void refused(Command command, int code, String about) throws Exception {
        assertEquals(code, command.end(), command.err());
        assertEquals(1, command.err().lines().count(), command.err());
        assertTrue(command.err().startsWith("simreg: "), command.err());
        assertTrue(command.err().contains(about), command.err());
    }
}
