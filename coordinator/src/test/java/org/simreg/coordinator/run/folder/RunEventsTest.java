package org.simreg.coordinator.run.folder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.run.log.EventJson;
import org.simreg.coordinator.run.log.Events;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;
import org.simreg.proto.UserError;

class RunEventsTest {
    @TempDir
    Path temporary;

    @Test
    void anInterruptedAndResumedRunReadsAsOneRun() throws IOException {
        Path whole = record("whole", Events.run(0));
        // Killed after step 7; the newest checkpoint is of step 4.
        Path resumed = record("resumed", until(7));
        cutLastLine(resumed);
        resume(resumed, 4, Events.run(4));
        assertEquals(metrics(whole), metrics(resumed));
        assertEquals(scalars(whole), scalars(resumed));
    }

    @Test
    void whatAnEvaluationAtTheCheckpointFoundIsNotWrittenTwice() throws IOException {
        Path whole = record("whole", Events.run(0));
        Path resumed = record("resumed", until(5));
        Progress.Builder measured = Events.evaluation("student", 1, 0.1, 0.1 + 0.02).toBuilder();
        // As fast as it is this time.
        measured.getEvaluationBuilder().setSeconds(7).getCostBuilder().setImagesPerSecond(7);
        List<Progress> again = new ArrayList<>(
                List.of(Events.notice("train/a/broken.png can't be decoded"), Events.started(4), measured.build()));
        again.addAll(Events.run(4).subList(2, Events.run(4).size()));
        resume(resumed, 4, again);
        assertEquals(metrics(whole), metrics(resumed));
    }

    @Test
    void aCheckpointReportedLateStays() throws IOException {
        List<Progress> events = new ArrayList<>(until(6));
        events.add(Events.checkpoint(5));
        events.add(Events.checkpoint(6));
        Path folder = record("late", events);
        resume(folder, 5, List.of(Events.started(5)));
        List<String> lines = metrics(folder);
        assertEquals(EventJson.line(Events.checkpoint(5)), lines.get(lines.size() - 1));
    }

    @Test
    void everyEventCanBeReadAsSoonAsItIsWritten() throws IOException {
        Path path = Files.createDirectory(temporary.resolve("live"));
        try (RunEvents events = RunEvents.open(path)) {
            assertEquals(0, events.append(Events.started(0), 0));
            assertEquals(1, metrics(path).size());
            assertEquals(1, events.append(Events.step(1, 1), 0));
            assertEquals(2, metrics(path).size());
            assertEquals(2, events.next());
        }
    }

    @Test
    void aRunThatWasClosedInOrderGoesOnAtTheEndOfItsFiles() throws IOException {
        Path whole = record("whole", Events.run(0));
        Path reopened = record("reopened", until(7));
        reopen(reopened, 7, Events.run(7).subList(2, Events.run(7).size()));
        assertEquals(metrics(whole), metrics(reopened));
        assertEquals(2, eventFiles(reopened).size());
    }

    @Test
    void aLineThatAKillLeftInPartIsWrittenAnewFromTheLog() throws IOException {
        Path whole = record("whole", Events.run(0));
        Path reopened = record("reopened", until(7));
        byte[] lines = Runs.bytes(reopened.resolve("metrics.jsonl"));
        // Of the last line there is any part, or nothing, or all and the beginning of another.
        int last = EventJson.line(Events.step(7, 2)).length() + 1;
        for (int missing : new int[] {1, 2, last - 1, last, last + 1}) {
            Path copy = copy(reopened, "missing-" + missing);
            Files.write(copy.resolve("metrics.jsonl"), java.util.Arrays.copyOf(lines, lines.length - missing));
            reopen(copy, 7, Events.run(7).subList(2, Events.run(7).size()));
            assertEquals(metrics(whole), metrics(copy));
            assertEquals(scalars(whole), scalars(copy));
        }
        cutLastLine(reopened);
        reopen(reopened, 7, Events.run(7).subList(2, Events.run(7).size()));
        assertEquals(metrics(whole), metrics(reopened));
        assertEquals(scalars(whole), scalars(reopened));
    }

    @Test
    void whatIsBehindTheStepThatCountsIsTakenBackWhenARunIsReopened() throws IOException {
        Path whole = record("whole", Events.run(0));
        Path reopened = record("reopened", until(7));
        reopen(reopened, 4, Events.run(4).subList(2, Events.run(4).size()));
        assertEquals(metrics(whole), metrics(reopened));
        assertEquals(scalars(whole), scalars(reopened));
    }

    @Test
    void aFinishedRunThatIsReopenedStaysFinished() throws IOException {
        Path whole = record("whole", Events.run(0));
        List<String> before = metrics(whole);
        reopen(whole, Events.STEPS, List.of());
        assertEquals(before, metrics(whole));
        Files.delete(whole.resolve("metrics.jsonl"));
        reopen(whole, Events.STEPS, List.of());
        assertEquals(before, metrics(whole));
    }

    @Test
    void stepsAreTakenBackWhileTheRunGoesOn() throws IOException {
        Path whole = record("whole", Events.run(0));
        Path rewound = Files.createDirectory(temporary.resolve("rewound"));
        try (RunEvents events = RunEvents.open(rewound)) {
            until(7).forEach(event -> events.append(event, 0));
            events.rewind(4);
            Events.run(4).stream().skip(2).forEach(event -> events.append(event, 4));
        }
        assertEquals(metrics(whole), metrics(rewound));
        assertEquals(scalars(whole), scalars(rewound));
    }

    @Test
    void aDamagedLogIsNotTakenForAnEmptyOne() throws IOException {
        Path folder = record("damaged", until(7));
        byte[] log = Runs.bytes(folder.resolve("events.log"));
        log[100] ^= 1;
        Files.write(folder.resolve("events.log"), log);
        UserError refused = assertThrows(UserError.class, () -> RunEvents.open(folder));
        assertEquals(true, refused.getMessage().contains("events.log is damaged at byte"));
        assertEquals(until(7).size(), metrics(folder).size());
    }

    /**
     * Whatever the order of steps, rewinds and restarts: the files are what cutting and adding
     * lines makes, and what the log alone makes when they are lost.
     */
    @Test
    void afterAnyHistoryTheFilesAreThoseThatTheLogMakesAlone() throws IOException {
        for (int seed = 0; seed < 60; seed++) {
            History history = new History(temporary.resolve("seed-" + seed), new Random(seed));
            history.live(80);
            List<String> live = metrics(history.folder);
            assertEquals(history.model.stream().map(EventJson::line).toList(), live, "" + seed);
            Files.delete(history.folder.resolve("metrics.jsonl"));
            for (Path file : eventFiles(history.folder)) {
                Files.delete(file);
            }
            reopen(history.folder, history.head, List.of());
            assertEquals(live, metrics(history.folder), "seed " + seed);
        }
    }

    /** A random run with a model of it: a list that is cut and added to. */
    private static final class History {
        private final Path folder;
        private final Random random;
        private final List<Progress> model = new ArrayList<>();
        private RunEvents events;
        private long head;
        private int told;

        History(Path folder, Random random) throws IOException {
            this.folder = Files.createDirectory(folder);
            this.random = random;
            events = RunEvents.open(folder);
        }

        void live(int turns) {
            for (int turn = 0; turn < turns; turn++) {
                switch (random.nextInt(12)) {
                    case 0 -> rewind(random.nextLong(head + 1));
                    case 1 -> restart();
                    case 2 -> add(Events.notice("trouble " + told++));
                    case 3 -> checkpoint();
                    case 4 -> add(Events.evaluation("student", told++, 0.5, 0.5));
                    default -> add(Events.step(++head, 1));
                }
            }
            events.close();
        }

        private void checkpoint() {
            if (head > 0) {
                add(Events.checkpoint(Math.max(1, head - random.nextInt(3))));
            }
        }

        private void restart() {
            events.close();
            events = RunEvents.open(folder);
        }

        /** All workers were lost: another generation begins at a checkpoint. */
        private void rewind(long step) {
            head = step;
            events.rewind(step);
            int from = 0;
            while (from < model.size() && model.get(from).getStep().getStep() <= step) {
                from++;
            }
            int first = from;
            List<Progress> kept = new ArrayList<>(model.subList(0, first));
            model.subList(first, model.size()).stream()
                    .filter(Progress::hasCheckpoint)
                    .forEach(kept::add);
            kept.removeIf(
                    event -> event.hasCheckpoint() && event.getCheckpoint().getStep() > step);
            model.clear();
            model.addAll(kept);
            if (random.nextBoolean()) {
                StateChanged running =
                        StateChanged.newBuilder().setState(JobState.RUNNING).build();
                add(Progress.newBuilder().setState(running).build());
            }
            GenerationBegun begun = GenerationBegun.newBuilder().setStep(step).build();
            add(Progress.newBuilder().setGeneration(begun).build());
        }

        private void add(Progress event) {
            events.append(event, head);
            boolean again = event.hasCheckpoint() && model.contains(event);
            if (!again) {
                model.add(event);
            }
        }
    }

    private Path record(String name, List<Progress> events) throws IOException {
        Path path = Files.createDirectory(temporary.resolve(name));
        reopen(path, Events.STEPS, events);
        return path;
    }

    private static void resume(Path path, long step, List<Progress> events) {
        try (RunEvents open = RunEvents.open(path)) {
            open.rewind(step);
            events.forEach(event -> open.append(event, step));
        }
    }

    private static void reopen(Path path, long head, List<Progress> events) {
        try (RunEvents open = RunEvents.open(path)) {
            open.follow(head);
            events.forEach(event -> open.append(event, head));
        }
    }

    private Path copy(Path run, String name) throws IOException {
        Path copy = Files.createDirectory(temporary.resolve(name));
        try (Stream<Path> files = Files.list(run)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }

    private static List<Progress> until(long step) {
        return Events.run(0).stream()
                .takeWhile(event -> !event.hasStep() || event.getStep().getStep() <= step)
                .toList();
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
            return files.filter(file -> file.toString().contains("tfevents"))
                    .sorted()
                    .toList();
        }
    }

    /** Everything after the first record, which holds the time of opening. */
    private static List<Byte> scalars(Path run) throws IOException {
        List<Path> found = eventFiles(run);
        assertEquals(1, found.size());
        byte[] bytes = Files.readAllBytes(found.get(0));
        int first = 8 + 4 + bytes[0] + 4;
        return Stream.iterate(first, i -> i < bytes.length, i -> i + 1)
                .map(i -> bytes[i])
                .toList();
    }
}
