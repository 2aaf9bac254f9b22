package org.simreg.coordinator.run.folder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.coordinator.run.log.EventJson;
import org.simreg.coordinator.store.SmallDisk;
import org.simreg.proto.JobRecord;
import org.simreg.proto.Notice;
import org.simreg.proto.Progress;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;

class FullDiskRunTest {
    private static final int KILOBYTES = 12;
    private static final int CASES = 8;
    private static final int ENOUGH = 80;

    @TempDir
    Path temporary;

    @Test
    void aRunThatFoundTheDiskFullGoesOnWithoutALossWhenThereIsRoom() throws Exception {
        List<String> said = SmallDisk.run(KILOBYTES, Filling.class, temporary);
        assertEquals(CASES, said.size(), said.toString());
        Set<Long> reached = new HashSet<>();
        for (int i = 0; i < CASES; i++) {
            assertTrue(said.get(i).contains("failed: File too large; make room"), said.get(i));
            reached.add(goOn(temporary.resolve("run-" + i)));
        }
        assertTrue(reached.size() > 1, reached.toString());
    }

    /** Gives the step that was the last one. */
    private long goOn(Path run) throws Exception {
        long head;
        try (RunFiles files = folders().open(Runs.record(run))) {
            head = files.head().step();
            files.append(Runs.begun(2, head, "a", "b"));
            for (long step = head + 1; step <= ENOUGH; step++) {
                files.commit(Runs.commit(step, 2), Runs.done(step));
                files.append(Runs.event(step));
            }
            assertEquals(
                    files.read(0, 1000).stream()
                            .map(event -> EventJson.line(event.getProgress()))
                            .toList(),
                    Files.readAllLines(run.resolve("metrics.jsonl")));
            assertEquals(
                    LongStream.rangeClosed(1, ENOUGH).boxed().toList(),
                    files.read(0, 1000).stream()
                            .filter(event -> event.getProgress().hasStep())
                            .map(event -> event.getProgress().getStep().getStep())
                            .toList());
        }
        assertEquals(List.of(), Audit.of(run).violations());
        try (var left = Files.list(run)) {
            assertEquals(
                    List.of(),
                    left.filter(file -> file.toString().endsWith(".tmp")).toList());
        }
        return head;
    }

    @Test
    void aJobForWhoseSettingsThereIsNoRoomLeavesNothingInTheWay() throws Exception {
        List<String> said = SmallDisk.run(2, Submitting.class, temporary);
        assertEquals(1, said.size(), said.toString());
        assertTrue(said.get(0).contains("job.yaml: File too large; give a folder"), said.get(0));
        folders().create(Runs.record(temporary.resolve("run")), Existing.REFUSE).close();
    }

    /** Makes a run folder where its settings have no room. */
    static final class Submitting {
        private Submitting() {}

        public static void main(String[] arguments) {
            JobRecord record = Runs.record(Path.of(arguments[0], "run"));
            UserError full = assertThrows(UserError.class, () -> folders().create(record, Existing.REFUSE));
            System.out.println(full.getMessage());
        }
    }

    private static DiskRunFolders folders() {
        return new DiskRunFolders((folder, shown, data) -> {});
    }

    /** Trains until there is no room, and once more; the files end at different places. */
    static final class Filling {
        private Filling() {}

        public static void main(String[] arguments) {
            for (int i = 0; i < CASES; i++) {
                Path run = Path.of(arguments[0], "run-" + i);
                RunFiles files = folders().create(Runs.record(run), Existing.REFUSE);
                files.append(notice("x".repeat(51 * i)));
                files.append(Runs.begun(1, 0, "a", "b"));
                UserError full = assertThrows(UserError.class, () -> train(files));
                assertThrows(UserError.class, () -> files.append(notice("x".repeat(4096))));
                System.out.println(full.getMessage());
            }
            Runtime.getRuntime().halt(0);
        }

        private static void train(RunFiles files) {
            for (long step = 1; step <= ENOUGH; step++) {
                files.commit(Runs.commit(step, 1), Runs.done(step));
                files.append(Runs.event(step));
                files.sync();
            }
        }

        private static Progress notice(String text) {
            return Progress.newBuilder()
                    .setNotice(Notice.newBuilder().setText(text))
                    .build();
        }
    }
}
