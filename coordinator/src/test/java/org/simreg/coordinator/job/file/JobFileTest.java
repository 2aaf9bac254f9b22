package org.simreg.coordinator.job.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Head;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Precision;
import org.simreg.proto.UserError;
import org.simreg.proto.Views;

class JobFileTest {
    private static final int SEEDS = Integer.getInteger("simreg.test.fuzz", 400);
    private static final String[] ODD = {
        "",
        "\t",
        "\n",
        ":",
        " : ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "&a ",
        "*a",
        "!!java.lang.Runtime ",
        "|\n",
        "\u0000",
        "\ud800",
        "'",
        "\"",
        "%",
        "@",
        "1e999",
        "0x",
        "~",
        "? ",
        "<<: *a",
        "..."
    };

    private static final String SMALL = """
            dataset:
              path: data/emoji
            teachers:
              - source: moco.pth.tar
              - source: torchscript:dino.pt
                feature: pooled
            student: {network: mobilenet-v2}
            views:
              policy: same-weak
            optimization:
              lr: 5e-2
              epochs: 100
            evaluation:
              k: [1, 20, 200]
            precision: bfloat16
            exact: false
            """;

    private static String refusal(String text) {
        return assertThrows(UserError.class, () -> JobFile.parse("job.yaml", text))
                .getMessage();
    }

    private static void assertRefused(String problem, String text) {
        assertEquals("The job file job.yaml is refused: " + problem, refusal(text));
    }

    @Test
    void yamlSaysWhatTheMessageHolds() {
        Job job = JobFile.parse("job.yaml", SMALL);
        assertEquals("data/emoji", job.getDataset().getPath(0));
        assertEquals(2, job.getTeachersCount());
        assertEquals("torchscript:dino.pt", job.getTeachers(1).getSource());
        assertEquals(Network.MOBILENET_V2, job.getStudent().getNetwork());
        assertEquals(Views.Policy.SAME_WEAK, job.getViews().getPolicy());
        assertTrue(job.getViews().hasPolicy());
        assertEquals(0.05, job.getOptimization().getLr());
        assertEquals(List.of(1, 20, 200), job.getEvaluation().getKList());
        assertEquals(Precision.BFLOAT16, job.getPrecision());
        assertTrue(job.hasExact() && !job.getExact());
        assertTrue(!job.hasHead() && !job.hasSeed() && !job.getOptimization().hasBatch());
    }

    @Test
    void damagedYamlIsRefusedInSentencesOrRead() {
        int refused = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Random random = new Random(seed);
            StringBuilder text = new StringBuilder(SMALL);
            for (int i = 1 + random.nextInt(3); i > 0; i--) {
                int at = random.nextInt(text.length());
                text.replace(at, Math.min(text.length(), at + random.nextInt(3)), ODD[random.nextInt(ODD.length)]);
            }
            try {
                JobFile.parse("job.yaml", text.toString());
            } catch (UserError e) {
                refused++;
                assertTrue(e.getMessage().contains("job.yaml"), "seed " + seed + ": " + e.getMessage());
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError("seed " + seed + ":\n" + text, e);
            }
        }
        assertTrue(refused > SEEDS / 8, "only " + refused + " of " + SEEDS + " were noticed");
    }

    @Test
    void jsonIsReadToo() {
        Job job = JobFile.parse(
                "job.json",
                "{\n\t\"dataset\": {\"path\": \"a\\/b\\\\ \\u00e9\\ud83d\\ude00\\t\"},"
                        + "\n\t\"teachers\":[{\"source\":\"self\"}],"
                        + " \"seed\": 18446744073709551615, \"exact\": true}");
        assertEquals("a/b\\ \u00e9\ud83d\ude00\t", job.getDataset().getPath(0));
        assertEquals("self", job.getTeachers(0).getSource());
        assertEquals(-1, job.getSeed());
        assertTrue(job.getExact());
    }

    @Test
    void aCompletedJobComesBackEqual() {
        Job.Builder odd = JobFile.parse("job.yaml", SMALL).toBuilder().setSeed(-1);
        odd.getDatasetBuilder().clearPath().addPath(" C:\\d: #1 \"x\" 'y' \u00e9\ud83d\ude00{[&*!%@`|>-");
        odd.getTeachersBuilder(0).setSource("null");
        odd.getTeachersBuilder(1).setSource("torchscript:" + "very long ".repeat(40) + "file");
        odd.getStudentBuilder().setInit("123");
        odd.getOptimizationBuilder().setLr(1.0 / 3).setWeightDecay(5e-324).setMomentum(0);
        Job linear = JobFile.parse("job.yaml", SMALL).toBuilder()
                .setHead(Head.newBuilder().setForm(Head.Form.LINEAR))
                .build();
        Job self = JobFile.parse("job.yaml", "{dataset: {path: a}, teachers: [{source: self}]}");
        for (Job asked : List.of(odd.build(), linear, self)) {
            Job job = JobSettings.complete(asked);
            assertEquals(job, JobFile.parse("job.yaml", JobFile.yaml(job)));
        }
    }

    @Test
    void whatIsWrittenExplainsItself() {
        String yaml = JobFile.yaml(JobSettings.complete(JobFile.parse("job.yaml", SMALL)));
        assertTrue(yaml.contains("""
                          # Passes over the train images (1 to 100000 epochs)
                          epochs: 100
                        """), yaml);
        assertTrue(yaml.contains("\n  k: [1, 20, 200]\n"), yaml);
        assertTrue(yaml.contains("  weight_decay: 0.0001\n"), yaml);
        assertTrue(yaml.contains("  network: mobilenet-v2\n"), yaml);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing\n", "---\n", "dataset:\nviews: ~\nseed: null\n"})
    void aFileThatSaysNothingIsAnEmptyJob(String text) {
        Job job = JobFile.parse("job.yaml", text);
        assertEquals(Job.getDefaultInstance(), job);
    }

    @Test
    void aMisspeltKeyIsAnsweredWithTheNearest() {
        assertRefused(
                "line 2: optimization.epoch: unknown key; did you mean optimization.epochs?",
                "optimization:\n  epoch: 3\n");
        assertRefused("line 1: optimisation: unknown key; did you mean optimization?", "optimisation:\n  epochs: 3\n");
        assertRefused(
                "line 1: teachers[0].sauce: unknown key; did you mean teachers[0].source?",
                "teachers: [{sauce: self}]");
    }

    @Test
    void aKeyUnderTheWrongSectionIsSentToItsOwn() {
        assertRefused("line 1: epochs: unknown key; did you mean optimization.epochs?", "epochs: 3");
        assertRefused(
                "line 1: views.weight-decay: unknown key; did you mean optimization.weight_decay?",
                "views: {weight-decay: 0}");
    }

    @Test
    void aStrangeKeyIsAnsweredWithTheKnownOnes() {
        assertRefused(
                "line 1: views.colour: unknown key; known here: policy, size, min_area, interpolation",
                "views: {colour: 3}");
    }

    @Test
    void aBadEnumValueIsAnsweredWithListAndNearest() {
        assertRefused(
                "line 2: optimization.schedule: 'cosin' is not one of cosine, constant; did you mean cosine?",
                "optimization:\n  schedule: cosin");
    }

    @Test
    void wrongTypesAreNamed() {
        assertRefused("line 1: optimization.epochs: 'ten' is not a whole number", "optimization: {epochs: ten}");
        assertRefused("line 1: exact: 'yes' is neither true nor false", "exact: yes");
        assertRefused("line 1: optimization: expected keys with values, found 'fast'", "optimization: fast");
        assertRefused("line 1: seed: expected one value, found a list", "seed: [1]");
        assertRefused(
                "line 1: teachers: expected a list, each item begun with a dash, found keys with" + " values",
                "teachers: {source: self}");
        assertRefused("line 2: the job: expected keys with values, found a list", "# a\n- seed: 1");
        assertRefused("line 1: evaluation.k: expected one value, found a list", "evaluation: {k: [[1]]}");
    }

    @Test
    void allProblemsComeInOneMessage() {
        String message = refusal("""
                        sead: 1
                        precision: float64
                        optimization:
                          epochs: many
                          epochs: 3
                        """);
        assertEquals("""
                The job file job.yaml is refused for 4 reasons:
                  line 1: sead: unknown key; did you mean seed?
                  line 2: precision: 'float64' is not one of float32, bfloat16; did you mean float32?
                  line 4: optimization.epochs: 'many' is not a whole number
                  line 5: optimization.epochs: stands twice; leave one""", message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a: [1, 2", "a: b: c", "\tseed: 1", "seed: 1\n---\nseed: 2", "seed: @", "seed: \u0007"})
    void whatIsNoYamlIsOneSentence(String text) {
        String message = refusal(text);
        assertTrue(message.startsWith("The job file job.yaml is not YAML: "), message);
        assertEquals(1, message.lines().count(), message);
    }

    @Test
    void aBombOfAliasesIsRefused() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x]\n");
        for (int i = 1; i < 40; i++) {
            String before = "*a" + (i - 1);
            bomb.append("a%d: &a%d [%s,%s,%s]\n".formatted(i, i, before, before, before));
        }
        assertTrue(refusal(bomb.toString()).contains("alias"));
        assertTrue(refusal("[".repeat(5000)).contains("not YAML"));
        assertTrue(refusal("# " + "x".repeat(1 << 18)).contains("is too large"));
    }

    @Test
    void aTaggedObjectIsRefused() {
        assertEquals(
                "The job file job.yaml is not YAML: line 1: Global tag is not allowed:"
                        + " tag:yaml.org,2002:java.io.File",
                refusal("seed: !!java.io.File '1'"));
    }

    @Test
    void aFileThatCanNotBeReadIsNamed(@TempDir Path folder) throws IOException {
        Path absent = folder.resolve("absent.yaml");
        assertEquals(
                "The job file " + absent + " does not exist",
                assertThrows(UserError.class, () -> JobFile.read(absent)).getMessage());
        Path latin = Files.write(folder.resolve("latin.yaml"), new byte[] {'a', ':', ' ', (byte) 0xE9});
        assertEquals(
                "The job file " + latin + " is not UTF-8 text",
                assertThrows(UserError.class, () -> JobFile.read(latin)).getMessage());
        assertTrue(assertThrows(UserError.class, () -> JobFile.read(folder))
                .getMessage()
                .startsWith("The job file " + folder + " can't be read: "));
        Path good = Files.writeString(folder.resolve("good.yaml"), "\uFEFFseed: 5\n");
        assertEquals(5, JobFile.read(good).getSeed());
        assertEquals(5, JobFile.piped(good).getSeed());
    }
}
