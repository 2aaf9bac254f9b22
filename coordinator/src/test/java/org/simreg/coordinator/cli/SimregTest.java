package org.simreg.coordinator.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.coordinator.cli.eval.ExportCommand;
import org.simreg.coordinator.cli.job.EmbeddedRun;
import org.simreg.proto.JobField;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.export.StudentExport.Format;
import org.simreg.worker.network.NamingLayout;
import org.simreg.worker.weights.part.PartRequest;

class SimregTest {
    @TempDir
    Path folder;

    private final Terminal terminal = new Terminal();

    private int runToEnd(ToIntFunction<EmbeddedRun.Settings> end, String... more) {
        String out = folder.resolve("run").toString();
        String[] args = {"distill", "--data=d", "--teacher=self", "--out=" + out};
        return terminal.run(end, Stream.of(args, more).flatMap(Stream::of).toArray(String[]::new));
    }

    @Test
    void theExitCodeOfARunIsTheCommands() {
        assertEquals(0, runToEnd(request -> 0));
        assertEquals(3, runToEnd(request -> 3));
    }

    @Test
    void aFailureAtRunTimeIsOneSentenceAndExitCodeOne() {
        assertEquals(1, runToEnd(request -> {
            throw new UserError("The folder d holds no images");
        }));
        assertEquals("simreg: The folder d holds no images\n", terminal.err);
        assertEquals("", terminal.out);
    }

    @Test
    void anUnexpectedErrorHidesItsTraceUntilAskedForIt() {
        ToIntFunction<EmbeddedRun.Settings> bug = request -> {
            throw new IllegalStateException("step 3 was lost");
        };
        assertEquals(1, runToEnd(bug));
        assertEquals(
                "simreg: Failed by an unexpected error, java.lang.IllegalStateException: step 3 was"
                        + " lost; run it again with --verbose for details\n",
                terminal.err);
        assertEquals(1, runToEnd(bug, "--verbose"));
        assertTrue(terminal.err.contains("\tat org.simreg.coordinator.cli."), terminal.err);
    }

    @Test
    void tooSmallAHeapIsOneSentenceWithTheWayOut() {
        assertEquals(1, runToEnd(request -> {
            throw new OutOfMemoryError("Java heap space");
        }));
        assertEquals(1, terminal.err.lines().count(), terminal.err);
        assertTrue(terminal.err.startsWith("simreg: the memory of this process is too small"), terminal.err);
        assertTrue(terminal.err.contains("SIMREG_JAVA_OPTS=-Xmx"), terminal.err);
    }

    @Test
    void aMissingNativeLibraryIsOneSentenceToo() {
        assertEquals(1, runToEnd(request -> {
            throw new UnsatisfiedLinkError("libtorch.so");
        }));
        assertEquals(1, terminal.err.lines().count(), terminal.err);
        assertTrue(terminal.err.contains("libtorch.so"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "distil | Unknown subcommand 'distil'; did you mean distill? (see: simreg --help)",
                "--versoin | Unknown option --versoin; did you mean --version? (see: simreg --help)",
                "frobnicate | Unknown subcommand 'frobnicate' (see: simreg --help)",
            })
    void aMisspeltCommandIsAnsweredWithTheNearest(String word, String sentence) {
        assertEquals(2, terminal.run(word));
        assertEquals("simreg: " + sentence, terminal.err.strip());
    }

    @Test
    void helpOfAMisspeltCommandIsAnsweredWithTheNearest() {
        assertEquals(2, terminal.run("help", "exprot"));
        assertEquals(
                "simreg: Unknown subcommand 'exprot'; did you mean export? (see: simreg --help)", terminal.err.strip());
    }

    @Test
    void noCommandIsWrongUsage() {
        assertEquals(2, terminal.run());
        assertEquals("simreg: A command is missing (see: simreg --help)", terminal.err.strip());
    }

    @Test
    void helpNamesEveryCommand() {
        assertEquals(0, terminal.run("--help"));
        for (String command : new String[] {"distill", "features", "export", "audit", "settings", "completion"}) {
            assertTrue(terminal.out.contains("\n  " + command), command);
        }
        assertEquals("", terminal.err);
    }

    @Test
    void helpHasEverySettingWithMeaningAndDefault() {
        assertEquals(0, terminal.run("help", "distill"));
        String help = terminal.out.replaceAll("\\s+", " ");
        for (JobField field : JobField.all()) {
            if (field.flag().isEmpty()) {
                assertTrue(field.key().startsWith("continued."), field.key());
                continue;
            }
            String option = field.flag().get();
            boolean negatable = field.field().getJavaType() == JavaType.BOOLEAN;
            String shown = negatable ? "--[no-]" + option.substring(2) : option + "=";
            assertTrue(help.contains(" " + shown), option);
            assertTrue(help.contains(field.setting().getHelp()), option);
            String fallback = field.setting().getRequired() ? "required)" : "default: " + field.fallback();
            // A line may end behind the dot of a key.
            assertTrue(help.replace(" ", "").contains(fallback.replace(" ", "")), option + " " + fallback);
            assertTrue(help.contains(field.bounds()), option);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "distill",
                "features",
                "embed",
                "export",
                "coordinator",
                "worker",
                "submit",
                "jobs",
                "watch",
                "cancel",
                "pause",
                "resume",
                "logs",
                "workers",
                "audit",
                "settings",
                "completion",
                "man"
            })
    void everyOptionTellsItsDefaultOrThatItIsRequired(String command) {
        assertEquals(0, terminal.run(command, "--help"));
        String[] options = terminal.out.split("\n(?=  (-\\w, |    )--)");
        assertTrue(options.length > 4, terminal.out);
        for (int i = 1; i < options.length; i++) {
            String text = options[i].replaceAll("\\s+", " ");
            boolean ends = text.matches("^ (-h|-V).*");
            assertTrue(ends || text.matches(".*(default: |required\\)).*"), text);
        }
        assertTrue(terminal.out.lines().allMatch(line -> line.length() <= 100), terminal.out);
    }

    @Test
    void nothingIsColouredWhenNoTerminalReads() {
        terminal.run("help", "distill");
        assertFalse(terminal.out.contains("\u001b"));
        terminal.run("distill", "--epoch=1");
        assertFalse(terminal.err.contains("\u001b"));
    }

    @Test
    void theVersionComesFromTheBuild() {
        assertEquals(0, terminal.run("--version"));
        assertTrue(
                terminal.out.matches("simreg \\d+\\.\\d+[^\\n]*\nlibtorch \\d+\\.\\d+\\.\\d+\nJava .*\n"),
                terminal.out);
    }

    @Test
    void settingsPrintsTheTableOfTheReadme() {
        assertEquals(0, terminal.run("settings"));
        assertEquals(JobField.markdown(), terminal.out);
    }

    @Test
    void theCompletionScriptIsBashThatKnowsOptionsAndValues() throws IOException, InterruptedException {
        assertEquals(0, terminal.run("completion", "bash"));
        assertTrue(terminal.out.contains("'--weight-decay'"));
        assertTrue(terminal.out.contains("\"mobilenet-v2\""));
        Path script = Files.writeString(folder.resolve("completion"), terminal.out);
        assertEquals(
                0, new ProcessBuilder("bash", "-n", script.toString()).start().waitFor());
    }

    @Test
    void everyCommandHasAManualPageWithItsOptions() throws IOException {
        assertEquals(0, terminal.run("man", "eval", "knn"));
        assertTrue(terminal.out.startsWith(".TH \"SIMREG-EVAL-KNN\" 1"), terminal.out);
        assertTrue(terminal.out.contains("\n\\fB\\-\\-weights="), terminal.out);
        assertEquals(0, terminal.run("man", "--out", folder.resolve("man1").toString()));
        try (Stream<Path> pages = Files.list(folder.resolve("man1"))) {
            List<String> names =
                    pages.map(page -> page.getFileName().toString()).sorted().toList();
            assertTrue(
                    names.containsAll(List.of("simreg.1", "simreg-distill.1", "simreg-eval-knn.1")), names.toString());
        }
        assertEquals(1, terminal.run("man", "distil"));
        assertTrue(
                terminal.err.contains("simreg --help lists the commands; there is no 'distil'; did you mean distill?"),
                terminal.err);
    }

    @Test
    void exportTakesTheNewestCheckpointOfARunFolder() throws IOException {
        Path checkpoints = Files.createDirectories(folder.resolve("run/checkpoints"));
        Files.writeString(checkpoints.resolve("step-00000008.safetensors"), "");
        Path newest = Files.writeString(checkpoints.resolve("step-00000012.safetensors"), "");
        String run = folder.resolve("run").toString();
        assertEquals(0, terminal.run("export", run, "--out=x", "--size=64"));
        assertEquals(StudentExport.Source.run(newest), terminal.exported.get(0).source());
    }

    @Test
    void exportAsksForWhatTheOptionsSay() {
        assertEquals(0, terminal.run("export", "a b.pth", "--out", "x"));
        assertEquals(
                new ExportCommand.Settings(
                        StudentExport.Source.run(Path.of("a b.pth")),
                        new StudentExport.Target(Path.of("x"), 224, Set.of(Format.values()), Optional.empty())),
                terminal.exported.get(0));
        assertEquals(
                0,
                terminal.run(
                        "export",
                        "a.pth",
                        "--out=x",
                        "--format=pth,onnx",
                        "--network=resnet50-byol",
                        "--layout=timm",
                        "--size=64",
                        "--part=teacher"));
        assertEquals(
                new ExportCommand.Settings(
                        new StudentExport.Source(
                                Path.of("a.pth"),
                                Optional.of(Network.RESNET50_BYOL),
                                new PartRequest("teacher", "--part")),
                        new StudentExport.Target(
                                Path.of("x"), 64, Set.of(Format.PTH, Format.ONNX), Optional.of(NamingLayout.TIMM))),
                terminal.exported.get(1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--format=onyx | 'onyx' is not one of torchscript, safetensors, pth, onnx; did you mean onnx?",
                "--network=resnet | networks that fit here; the nearest are resnet18, resnet34, resnet50,",
                "--size=4 | --size: 4 is out of bounds; choose 8 to 1024 px",
            })
    void aWrongExportIsRefused(String option, String part) {
        assertEquals(2, terminal.run("export", "a.pth", "--out=x", option));
        assertTrue(terminal.err.contains(part), terminal.err);
        assertTrue(terminal.exported.isEmpty());
    }

    @Test
    void exportNeedsACheckpointAndAFolder() {
        assertEquals(2, terminal.run("export", "a.pth"));
        assertTrue(terminal.err.contains("--out"), terminal.err);
        assertEquals(2, terminal.run("export", "--out=x"));
        assertTrue(terminal.err.contains("CHECKPOINT"), terminal.err);
    }
}
