package org.simreg.coordinator.cli.job;

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
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.Command;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.proto.Progress;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.Safetensors;

/** {@code simreg distill} from start to end, in processes that can be killed. */
class EmbeddedRunTest {
    private static final Path PICTURES = Path.of("..", "scripts", "sample", "train", "smileys-emotion--heart");
    private static final int STEPS = 24;

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
        args.addAll(List.of("--teacher-network", "mobilenet-v2", "--student", "mobilenet-v2"));
        args.addAll(List.of("--head", "linear", "--size", "32", "--batch", "6", "--epochs", "6"));
        args.addAll(List.of("--checkpoint-steps", "3", "--device", "cpu", "--threads", "1"));
        args.addAll(List.of("--decode-threads", "1", "--seed", "3", "--out", out.toString()));
        args.addAll(List.of(more));
        return Command.start(folder, args);
    }

    @Test
    void aRunKilledTwiceAndStoppedOnceEndsWithTheBitsOfAnUnbrokenRun() throws Exception {
        Path whole = folder.resolve("whole");
        Command unbroken = distil(whole);
        assertEquals(0, unbroken.end(), unbroken.err());
        assertTrue(Files.exists(whole.resolve("report.html")));

        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        Path broken = folder.resolve("broken");
        killed(distil(broken), broken, 1 + random.nextInt(5));
        killed(distil(broken, "--resume"), broken, 7 + random.nextInt(4));
        Command stopped = distil(broken, "--resume");
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
        List<Progress> finished =
                events(run).stream().filter(Progress::hasFinished).toList();
        assertEquals(1, finished.size());
        return finished.get(0).getFinished().getSha256();
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
        Files.delete(teacher);
        refused(distil(out), 1, teacher.toString());
        assertFalse(Files.exists(out));
    }

    @Test
    void badSettingsAreOneSentenceWithExitCodeTwo() throws Exception {
        Path out = folder.resolve("run");
        refused(distil(out, "--warmup-epochs", "6"), 2, "warmup");
        assertFalse(Files.exists(out));
    }

    private static void refused(Command command, int code, String about) throws Exception {
        assertEquals(code, command.end(), command.err());
        assertEquals(1, command.err().lines().count(), command.err());
        assertTrue(command.err().startsWith("simreg: "), command.err());
        assertTrue(command.err().contains(about), command.err());
    }
}
