package org.simreg.coordinator.status;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;

class RunFolderTest {
    @TempDir Path temporary;

    @Test
    void anInterruptedAndResumedRunReadsAsOneRun() throws IOException {
        Path whole = record("whole", Events.run(0));
        // Killed after step 7; the newest checkpoint is of step 4.
        Path resumed = record("resumed", until(7));
        cutLastLine(resumed);
        resume(resumed, Events.run(4));
        assertEquals(metrics(whole), metrics(resumed));
        assertEquals(scalars(whole), scalars(resumed));
    }

    @Test
    void whatAnEvaluationAtTheCheckpointFoundIsNotWrittenTwice() throws IOException {
        Path whole = record("whole", Events.run(0));
        Path resumed = record("resumed", until(5));
        try (RunFolder folder = RunFolder.resume(resumed)) {
            folder.accept(Events.notice("train/a/broken.png can't be decoded"));
            folder.accept(Events.started(4));
            folder.accept(Events.evaluation(Subjects.STUDENT, 1, 0.1, 0.1 + 0.02));
            Events.run(4).stream().skip(2).forEach(folder);
        }
        assertEquals(metrics(whole), metrics(resumed));
    }

    @Test
    void aCheckpointReportedLateStays() throws IOException {
        Path folder = record("late", until(6));
        try (MetricsFile file = MetricsFile.append(folder)) {
            file.write(Events.checkpoint(5));
            file.write(Events.checkpoint(6));
        }
        resume(folder, List.of(Events.started(5)));
        List<String> lines = metrics(folder);
        assertEquals(EventJson.line(Events.checkpoint(5)), lines.get(lines.size() - 1));
    }

    @Test
    void everyEventCanBeReadAsSoonAsItIsWritten() throws IOException {
        Path path = temporary.resolve("live");
        try (RunFolder folder = RunFolder.create(path, "seed: 1\n", false)) {
            folder.accept(Events.started(0));
            assertEquals(1, metrics(path).size());
            folder.accept(Events.step(1, 1));
            assertEquals(2, metrics(path).size());
        }
        assertEquals("seed: 1\n", Files.readString(path.resolve("job.yaml")));
    }

    @Test
    void anOccupiedFolderIsRefusedWithAWayOut() throws IOException {
        Path run = record("run", until(2));
        assertTrue(refusal(run).contains("already holds a run"));
        assertTrue(refusal(run).contains("--overwrite"));
        Path other = Files.createDirectory(temporary.resolve("other"));
        Files.writeString(other.resolve("thesis.tex"), "");
        assertTrue(refusal(other).contains("is not empty"));
    }

    @Test
    void overwritingRemovesTheRunAndNothingElse() throws IOException {
        Path run = record("run", Events.run(0));
        List<String> mine = List.of("thesis.tex", "checkpoints/best.txt", "student/notes.pth");
        List<String> ours =
                List.of(
                        "report.html",
                        "ledger.jsonl",
                        "events.log",
                        "checkpoints/step-00000012.safetensors",
                        "checkpoints/.step-00000012.safetensors.1a.2b.tmp",
                        "student/resnet18.onnx",
                        "student/mobilenet_v2.torchscript.pt");
        for (String name : Stream.concat(mine.stream(), ours.stream()).toList()) {
            Files.createDirectories(run.resolve(name).getParent());
            Files.writeString(run.resolve(name), "");
        }
        RunFolder.create(run, "seed: 2\n", true).close();
        for (String name : mine) {
            assertTrue(Files.exists(run.resolve(name)), name);
        }
        for (String name : ours) {
            assertFalse(Files.exists(run.resolve(name)), name);
        }
        assertEquals(List.of(), metrics(run));
        assertEquals("seed: 2\n", Files.readString(run.resolve("job.yaml")));
    }

    @Test
    void resumingWhereThereIsNoRunSaysSo() {
        UserError refused = assertThrows(UserError.class, () -> RunFolder.resume(temporary));
        assertTrue(refused.getMessage().contains("job.yaml"));
    }

    @Test
    void aDamagedLineInTheMiddleIsReportedByItsNumber() throws IOException {
        Path run = record("run", until(3));
        List<String> lines = metrics(run);
        Files.write(
                run.resolve("metrics.jsonl"),
                List.of(lines.get(0), "{\"step\":{\"st", lines.get(1)));
        UserError damage =
                assertThrows(UserError.class, () -> resume(run, List.of(Events.started(2))));
        assertTrue(damage.getMessage().contains("line 2 of"), damage.getMessage());
    }

    @Test
    void aRunThatIsReopenedGoesOnAfterItsLastWholeLine() throws IOException {
        Path whole = record("whole", Events.run(0));
        Path reopened = record("reopened", until(7));
        cutLastLine(reopened);
        try (RunFolder folder = RunFolder.reopen(reopened, 7)) {
            folder.accept(Events.started(0));
            Events.run(7).stream().skip(2).forEach(folder);
        }
        assertEquals(metrics(whole), metrics(reopened));
        assertEquals(2, eventFiles(reopened).size());
    }

    @Test
    void whatIsBehindTheStepThatCountsIsTakenBackWhenARunIsReopened() throws IOException {
        Path whole = record("whole", Events.run(0));
        Path reopened = record("reopened", until(7));
        try (RunFolder folder = RunFolder.reopen(reopened, 4)) {
            Events.run(4).stream().skip(2).forEach(folder);
        }
        assertEquals(metrics(whole), metrics(reopened));
        assertEquals(scalars(whole), scalars(reopened));
    }

    @Test
    void aFinishedRunThatIsReopenedStaysFinished() throws IOException {
        Path whole = record("whole", Events.run(0));
        List<String> before = metrics(whole);
        RunFolder.reopen(whole, Events.STEPS).close();
        assertEquals(before, metrics(whole));
    }

    @Test
    void stepsAreTakenBackWhileTheRunGoesOn() throws IOException {
        Path whole = record("whole", Events.run(0));
        Path rewound = temporary.resolve("rewound");
        try (RunFolder folder = RunFolder.create(rewound, "seed: 0\n", false)) {
            until(7).forEach(folder);
            folder.rewind(4);
            Events.run(4).stream().skip(2).forEach(folder);
        }
        assertEquals(metrics(whole), metrics(rewound));
        assertEquals(scalars(whole), scalars(rewound));
    }

    private Path record(String name, List<Progress> events) {
        Path path = temporary.resolve(name);
        try (RunFolder folder = RunFolder.create(path, "seed: 0\n", false)) {
            events.forEach(folder);
        }
        return path;
    }

    private static void resume(Path path, List<Progress> events) {
        try (RunFolder folder = RunFolder.resume(path)) {
            events.forEach(folder);
        }
    }

    private static List<Progress> until(long step) {
        return Events.run(0).stream()
                .takeWhile(event -> !event.hasStep() || event.getStep().getStep() <= step)
                .toList();
    }

    private static String refusal(Path folder) {
        return assertThrows(UserError.class, () -> RunFolder.create(folder, "", false))
                .getMessage();
    }

    private static void cutLastLine(Path run) throws IOException {
        Path file = run.resolve("metrics.jsonl");
        Files.writeString(file, "{\"step\":{\"step\":8,\"epo", StandardOpenOption.APPEND);
    }

    private static List<String> metrics(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl"));
    }

    private static List<Path> eventFiles(Path run) throws IOException {
        try (Stream<Path> files = Files.list(run)) {
            return files.filter(file -> file.toString().contains("tfevents")).sorted().toList();
        }
    }

    /** Everything after the first record, which holds the time of opening. */
    private static List<Byte> scalars(Path run) throws IOException {
        List<Path> found = eventFiles(run);
        assertEquals(1, found.size());
        byte[] bytes = Files.readAllBytes(found.get(0));
        int first = 8 + 4 + bytes[0] + 4;
        return Stream.iterate(first, i -> i < bytes.length, i -> i + 1).map(i -> bytes[i]).toList();
    }
}
