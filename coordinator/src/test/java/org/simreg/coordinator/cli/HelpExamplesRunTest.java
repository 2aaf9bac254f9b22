package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.cli.option.StopSignal;
import org.simreg.coordinator.grpc.Served;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The examples in the help of commands, run as they stand, with small pictures and weights under the names that they use.
 * Those that train or measure run with {@code -Dsimreg.test.examples=true} only, with options that make them short.
 */
class HelpExamplesRunTest {
    private static final List<String> QUICK = List.of(
            "simreg inspect moco_v2_800ep_pretrain.pth.tar",
            "simreg inspect dino_resnet50_full.pth --part student --keys",
            "simreg networks --size 96",
            "simreg man --out ~/.local/share/man/man1",
            "simreg pack photos --out shards --shard-size 256MB",
            "simreg token submit alice | { head -1 > alice.token; tail -1 >> tokens; }");

    /** Of a coordinator. */
    private static final List<String> ASKED = List.of(
            "simreg submit --data photos --teacher moco_v2_800ep.pth.tar --priority 5",
            "simreg jobs -v --state queued,running");

    private static final String SHORT = " --size 32 --batch 8 --micro-batches 1 --threads 1";

    /** In this order, with what makes them short. */
    private static final Map<String, String> LONG = new LinkedHashMap<>();

    static {
        LONG.put(
                "simreg distill --data photos --teacher moco_v2_800ep.pth.tar --student resnet18",
                SHORT + " --epochs 1");
        LONG.put("simreg distill --job runs/resnet18-photos/job.yaml --seed 1 --out runs/again", "");
        LONG.put("simreg audit runs/resnet18-photos", "");
        LONG.put("simreg eval knn --data photos --weights runs/resnet18-photos", "");
        LONG.put("simreg eval stages --data photos --weights runs/resnet18-photos --linear", "");
        LONG.put("simreg features --data photos --teacher moco.pth.tar --cache-views 10 --cache-store features", SHORT);
    }

    @TempDir
    Path folder;

    private static List<String> examples() {
        List<String> all = new ArrayList<>();
        HelpExamplesTest.collect(all);
        return all;
    }

    private void files() throws IOException {
        SmallJob.pictures(folder.resolve("photos"));
        Path teacher = SmallJob.teacher(folder.resolve("moco_v2_800ep.pth.tar"));
        for (String name : List.of("moco.pth.tar", "moco_v2_800ep_pretrain.pth.tar")) {
            Files.copy(teacher, folder.resolve(name));
        }
        StateDict weights = WeightsFile.contents(teacher).tensors();
        Map<String, LazyTensor> both = new LinkedHashMap<>();
        for (String prefix : List.of("student.backbone.", "teacher.backbone.")) {
            weights.names().forEach(name -> both.put(prefix + name, weights.stored(name)));
        }
        Safetensors.write(folder.resolve("dino_resnet50_full.pth"), new StateDict(both));
    }

    /** The words of an example, with files in the test's folder: this process can't go there. */
    private String[] words(String example) {
        return Arrays.stream(example.replaceFirst("^simreg ", "")
                        .replaceFirst(" [|>].*", "")
                        .split("\\s+"))
                .map(word -> word.matches("photos|shards|.*\\.(tar|pth)")
                        ? folder.resolve(word).toString()
                        : word)
                .map(word -> word.replace("~", folder.toString()))
                .toArray(String[]::new);
    }

    private String run(String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Simreg.run(Simreg.Actions.real(new StopSignal()), new PrintWriter(out), new PrintWriter(err), words);
        assertEquals(0, code, () -> String.join(" ", words) + ": " + err);
        return out.toString();
    }

    @Test
    void quickOnesDoWhatTheySay() throws IOException {
        files();
        assertTrue(examples().containsAll(QUICK), "they are the help's");
        Map<String, String> said = new LinkedHashMap<>();
        QUICK.forEach(example -> said.put(example, run(words(example))));
        assertTrue(said.get(QUICK.get(0)).contains("mobilenet-v2"), said.get(QUICK.get(0)));
        assertTrue(said.get(QUICK.get(1)).contains("student.backbone."), said.get(QUICK.get(1)));
        assertTrue(said.get(QUICK.get(2)).contains("resnet18"), said.get(QUICK.get(2)));
        assertTrue(Files.exists(folder.resolve(".local/share/man/man1/simreg.1")));
        assertTrue(Files.exists(folder.resolve("shards/train-000000.tar")), "packed");
        assertEquals(2, said.get(QUICK.get(5)).lines().count(), "a token, and the line of its file");
    }

    @Test
    void thoseThatAskACoordinatorAreAnswered() throws IOException {
        files();
        assertTrue(examples().containsAll(ASKED), "they are the help's");
        try (Served served = Served.onPort()) {
            List<String> said = new ArrayList<>();
            for (String example : ASKED) {
                List<String> words = new ArrayList<>(List.of(words(example)));
                words.add("--coordinator=localhost:" + served.server.port());
                said.add(run(words.toArray(String[]::new)));
            }
            assertTrue(said.get(0).contains("is queued"), said.get(0));
            assertTrue(said.get(1).contains("resnet18-photos"), said.get(1));
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "simreg.test.examples", matches = "true")
    void thoseThatTrainAndMeasureDoSo() throws IOException, InterruptedException {
        files();
        assertTrue(examples().containsAll(LONG.keySet()), "they are the help's");
        for (Map.Entry<String, String> example : LONG.entrySet()) {
            String line = example.getKey() + example.getValue();
            List<String> words = List.of(line.replaceFirst("^simreg ", "").split("\\s+"));
            Command command = Command.start(folder, folder, words);
            int code = command.end();
            assertEquals(0, code, line + ": " + command.err());
        }
    }
}
