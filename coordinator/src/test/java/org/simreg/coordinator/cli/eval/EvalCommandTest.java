package org.simreg.coordinator.cli.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.JsonFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.cli.Terminal;
import org.simreg.proto.EvalReport;
import org.simreg.proto.EvalRow;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.features.knn.KnnVote.VotingRule;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;
import org.simreg.worker.weights.format.Safetensors;

class EvalCommandTest {
    private static final Path SAMPLE = Path.of("..", "scripts", "sample");

    @TempDir
    Path folder;

    private final Terminal terminal = new Terminal();

    private EvalRequest asked(String... words) {
        assertEquals(0, terminal.run(words), terminal.err);
        return terminal.evaluated.get(terminal.evaluated.size() - 1);
    }

    private static String[] words(String line) {
        return line.split(" ");
    }

    @Test
    void withoutARuleAllPublishedOnesAreMeasured() {
        EvalRequest request = asked(words("eval knn --data d --weights w.pth"));
        assertEquals(new EvalRequest.Knn(VotingRule.PUBLISHED), request.task());
        assertEquals(List.of("d"), request.images().sources());
        assertEquals(Optional.empty(), request.weights().network());
        assertEquals(Optional.empty(), request.results().cache());
    }

    @Test
    void rulesNetworkViewAndFoldersAreTheUsers() {
        EvalRequest request = asked(words("eval knn --data d --weights w --k 5,7 --vote weighted --temperature 0.2"
                + " --network resnet50-byol --size 64 --resize 72 --precision bfloat16"
                + " --out o --limit-classes 3 --json -q"));
        assertEquals(new EvalRequest.Knn(List.of(new VotingRule(5, 0.2), new VotingRule(7, 0.2))), request.task());
        assertEquals(Optional.of(Network.RESNET50_BYOL), request.weights().network());
        assertEquals(Optional.of(Precision.BFLOAT16), request.weights().precision());
        assertEquals(Optional.of(64), request.images().view().size());
        assertEquals(Optional.of(72), request.images().view().resize());
        assertEquals(3, request.images().subset().limitClasses());
        assertEquals(Optional.of(Path.of("o", "features")), request.results().cache());
        assertTrue(request.results().json());
        assertTrue(request.results().quiet());
    }

    @Test
    void aSweepAndItsSeedReachTheProbe() {
        EvalRequest request = asked(words("eval linear --data d --weights w --lr 0.01,0.1 --seed 4 --augment"));
        EvalRequest.Linear linear = (EvalRequest.Linear) request.task();
        assertEquals(List.of(0.01, 0.1), linear.settings().rates());
        assertEquals(4, linear.settings().seed());
        assertEquals(40, linear.settings().epochs());
        assertTrue(linear.augmented());
    }

    @Test
    void transferTakesSeveralFolders() {
        EvalRequest request = asked(words("eval transfer --data a --data b --weights w"));
        assertEquals(List.of("a", "b"), request.images().sources());
        assertEquals(45, ((EvalRequest.Transfer) request.task()).settings().count());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "eval | A command is missing",
                "eval kn | Unknown subcommand 'kn'; did you mean knn?",
                "eval knn --weights w | --data",
                "eval knn --data a --data b --weights w | use simreg eval transfer",
                "eval knn --data a --weights w --k 0 | --k: 0 is out of bounds; choose 1 to 1024",
                "eval knn --data a --weights w --temperature 1 | add --vote weighted",
                "eval knn --data a --weights w --vote weighted --temperature 0 | choose one above 0",
                "eval knn --data a --weights w --size 4 | --size: 4 is out of bounds",
                "eval knn --data a --weights w --device tpu | --device",
                "eval linear --data a --weights w --lr 0 | --lr: 0.0 is out of bounds",
                "eval linear --data a --weights w --epochs 0 | --epochs: 0 is out of bounds",
                "eval linear --data a --weights w --batsh 3 | did you mean --batch?",
                "eval transfer --data a --weights w --held-out 1 | --held-out: 1.0 is out of bounds",
                "eval transfer --data a --weights w --penalties 0 | --penalties: 0 is out of bounds",
            })
    void badInputIsOneSentence(String line, String part) {
        assertEquals(2, terminal.run(words(line)));
        assertEquals(1, terminal.err.lines().count(), terminal.err);
        assertTrue(terminal.err.contains(part), terminal.err);
        assertTrue(terminal.evaluated.isEmpty());
    }

    private Path weights() {
        Path file = folder.resolve("weights.safetensors");
        var network = Networks.backbone(Network.MOBILENET_V2);
        var head = Heads.regression(Head.Form.LINEAR, 1, network.outputs(), 8);
        StudentNetwork trained = StudentNetwork.regression(network, List.of(head));
        Safetensors.write(file, StudentBuilder.backbone(trained, InitialWeights.of(trained, 1)));
        return file;
    }

    private Command eval(String task, Path weights, String... more) throws Exception {
        List<String> args = new ArrayList<>(List.of("eval", task, "--weights=" + weights));
        boolean other = Stream.of(more).anyMatch(word -> word.startsWith("--data="));
        args.addAll(other ? List.of("--size=32") : List.of("--data=" + SAMPLE, "--limit-classes=3", "--size=32"));
        args.addAll(List.of("--device=cpu", "--threads=1", "--decode-threads=1"));
        args.addAll(List.of("--features-cache=" + folder.resolve("features")));
        args.addAll(List.of(more));
        Command command = Command.start(folder, args);
        return command;
    }

    @Test
    void unlabelledTrainImagesLeaveKnnInsideVal() throws Exception {
        Path data = folder.resolve("data");
        copy(SAMPLE.resolve("train"), data.resolve("train"), false);
        copy(SAMPLE.resolve("val"), data.resolve("val"), true);
        Path weights = weights();
        Command knn = eval("knn", weights, "--json", "--data=" + data, "--k=1,50");
        assertEquals(0, knn.end(), knn.err());
        EvalReport report = report(knn.out());
        assertEquals(2, report.getData(0).getClasses());
        assertEquals(8, report.getData(0).getValImages());
        assertEquals(
                List.of(1, 7), report.getRowsList().stream().map(EvalRow::getK).toList());
        assertTrue(knn.err().contains("k-NN accuracy is measured inside val"), knn.err());
        Command linear = eval("linear", weights, "--data=" + data);
        assertEquals(1, linear.end());
        assertTrue(linear.err().contains("or measure k-NN inside val by simreg eval knn"), linear.err());
    }

    /** Four images of each of two classes. */
    private static void copy(Path from, Path to, boolean labelled) throws IOException {
        try (Stream<Path> classes = Files.list(from)) {
            for (Path one : classes.sorted().limit(2).toList()) {
                Path folder = Files.createDirectories(labelled ? to.resolve(one.getFileName()) : to);
                try (Stream<Path> images = Files.list(one)) {
                    for (Path image : images.sorted().limit(4).toList()) {
                        Files.copy(image, folder.resolve(one.getFileName() + "-" + image.getFileName()));
                    }
                }
            }
        }
    }

    private static EvalReport report(String json) throws Exception {
        EvalReport.Builder report = EvalReport.newBuilder();
        JsonFormat.parser().merge(json, report);
        return report.build();
    }

    @Test
    void aProcessPrintsJsonAndKeepsResultAndFeatures() throws Exception {
        Path weights = weights();
        Path out = folder.resolve("out");
        Command knn = eval("knn", weights, "--json", "--out=" + out);
        assertEquals(0, knn.end(), knn.err());
        EvalReport report = report(knn.out());
        assertEquals(report, report(Files.readString(out.resolve("result.json"))));
        assertEquals("mobilenet-v2", report.getNetwork());
        assertEquals(37, report.getResize());
        assertEquals(5, report.getRowsCount());
        assertEquals(
                List.of(1, 20, 20, 73, 73),
                report.getRowsList().stream().map(EvalRow::getK).toList());
        assertTrue(knn.err().contains("k 200 is more than the 73 train images, so all of them vote"), knn.err());

        Command linear = eval("linear", weights, "--json", "--epochs=2", "--lr=0.01,0.1");
        assertEquals(0, linear.end(), linear.err());
        EvalReport probe = report(linear.out());
        assertEquals(
                List.of(1, 1, 2, 2),
                probe.getRowsList().stream().map(EvalRow::getEpoch).toList());
        assertFalse(linear.err().contains("embedding"), linear.err());

        Command transfer = eval("transfer", weights, "--penalties=3");
        assertEquals(0, transfer.end(), transfer.err());
        assertTrue(transfer.out().contains("penalty"), transfer.out());
        try (Stream<Path> files = Files.list(folder.resolve("features"))) {
            assertEquals(2, files.count());
        }
    }

    @Test
    void filesThatCannotBeUsedAreOneSentence() throws Exception {
        Path none = folder.resolve("none.pth");
        Command missing = eval("knn", none);
        assertEquals(1, missing.end());
        assertEquals(
                1,
                missing.err().lines().filter(line -> !line.startsWith("note: ")).count(),
                missing.err());
        assertTrue(missing.err().contains(none + ": there is no such file"), missing.err());
        Command narrow = eval("knn", weights(), "--resize=16");
        assertEquals(1, narrow.end());
        assertTrue(narrow.err().contains("--resize: 16 is smaller than the view"), narrow.err());
    }
}
