package org.simreg.coordinator.run.folder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.coordinator.run.log.EventLog;
import org.simreg.coordinator.run.log.MetricsFile;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobRecord;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;

class DiskRunFoldersTest {
    @TempDir
    Path temporary;

    private final DiskRunFolders folders = new DiskRunFolders((folder, shown, data) -> {});
    private Path run;
    private JobRecord record;

    @BeforeEach
    void name() {
        run = temporary.resolve("runs/made-up");
        record = Runs.record(run);
    }

    @Test
    void aNewRunHasItsSettingsAndNothingElse() throws IOException {
        try (RunFiles files = folders.create(record, Existing.REFUSE)) {
            assertEquals(0, files.head().step());
            assertEquals(0, files.nextSequence());
            assertEquals(OptionalLong.empty(), files.newestCheckpoint(Long.MAX_VALUE));
        }
        assertEquals(record.getJob(), JobFile.read(run.resolve("job.yaml")));
    }

    @Test
    void anOccupiedFolderIsRefusedAndLeftAsItIs() throws IOException {
        Files.createDirectories(run);
        Files.writeString(run.resolve("thesis.tex"), "");
        Refused refused = assertThrows(Refused.class, () -> folders.create(record, Existing.REFUSE));
        assertEquals(Refused.Kind.EXISTS, refused.kind());
        assertTrue(refused.getMessage().contains("--overwrite"), refused.getMessage());
        assertTrue(refused.getMessage().contains("is not empty"), refused.getMessage());
        try (var left = Files.list(run)) {
            assertEquals(List.of(run.resolve("thesis.tex")), left.toList());
        }
        Files.delete(run.resolve("thesis.tex"));
        train(2);
        refused = assertThrows(Refused.class, () -> folders.create(record, Existing.REFUSE));
        assertTrue(refused.getMessage().contains("already holds a run"), refused.getMessage());
        assertTrue(refused.getMessage().contains("--overwrite"), refused.getMessage());
    }

    @Test
    void whatACoordinatorLeftThatWasKilledBeforeItQueuedTheJobIsNotInTheWay() {
        folders.create(record, Existing.REFUSE).close();
        folders.create(record, Existing.REFUSE).close();
        train(1);
        assertThrows(Refused.class, () -> folders.create(record, Existing.REFUSE));
    }

    /** As a kill leaves it between the draft of the settings and its move, which waits for the disk. */
    @Test
    void norAreSettingsThatItWasWritingWhenItWasKilled() throws IOException {
        Files.createDirectories(run);
        Path draft = Files.writeString(run.resolve(".job.yaml.3efb.1474d9edd5f.tmp"), "name: ma");
        Files.writeString(run.resolve(".lock"), "process 1, since 2026-01-01T00:00:00Z\n");
        folders.create(record, Existing.REFUSE).close();
        assertFalse(Files.exists(draft));
        assertEquals(record.getJob(), JobFile.read(run.resolve("job.yaml")));
    }

    @Test
    void norIsAFolderThatItWasClearingWhenItWasKilled() throws IOException {
        folders.create(record, Existing.REFUSE).close();
        Path stuck = Files.createDirectories(run.resolve("events.out.tfevents.1.simreg/full"));
        assertThrows(UserError.class, () -> folders.create(record, Existing.REFUSE));
        Files.delete(stuck);
        Files.delete(stuck.getParent());
        folders.create(record, Existing.REFUSE).close();
    }

    @Test
    void overwritingBeginsAllFilesAnew() throws IOException {
        train(5);
        Runs.checkpoint(run, 4);
        Files.writeString(run.resolve("thesis.tex"), "");
        try (RunFiles files = folders.create(record, Existing.OVERWRITE)) {
            assertEquals(0, files.head().step());
            assertEquals(0, files.nextSequence());
            assertEquals(OptionalLong.empty(), files.newestCheckpoint(Long.MAX_VALUE));
        }
        assertTrue(Files.exists(run.resolve("thesis.tex")));
    }

    @Test
    void overwritingRemovesTheRunAndNothingElse() throws IOException {
        train(12);
        List<String> mine =
                List.of("thesis.tex", "checkpoints/best.txt", "student/notes.pth", "student-average/notes.pth");
        List<String> ours = List.of(
                "report.html",
                ".metrics.jsonl.1a.2b.tmp",
                "events.log.tmp",
                "checkpoints/step-00000012.safetensors",
                "checkpoints/.step-00000012.safetensors.1a.2b.tmp",
                "student/resnet18.onnx",
                "student/mobilenet_v2.torchscript.pt",
                "student-average/mobilenet-v2.pth");
        for (String name : Stream.concat(mine.stream(), ours.stream()).toList()) {
            Files.createDirectories(run.resolve(name).getParent());
            Files.writeString(run.resolve(name), "");
        }
        JobRecord.Builder other = record.toBuilder();
        other.getJobBuilder().setSeed(2);
        folders.create(other.build(), Existing.OVERWRITE).close();
        for (String name : mine) {
            assertTrue(Files.exists(run.resolve(name)), name);
        }
        for (String name : ours) {
            assertFalse(Files.exists(run.resolve(name)), name);
        }
        assertEquals(List.of(), metrics());
        assertEquals(0, Files.size(run.resolve("ledger.jsonl")));
        assertEquals(other.getJob(), JobFile.read(run.resolve("job.yaml")));
    }

    @Test
    void aFolderIsOpenOnce() {
        try (RunFiles files = folders.create(record, Existing.REFUSE)) {
            Refused taken = assertThrows(Refused.class, () -> folders.create(record, Existing.RESUME));
            assertEquals(Refused.Kind.EXISTS, taken.kind());
            assertThrows(UserError.class, () -> folders.open(record));
            assertEquals(0, files.nextSequence());
        }
        folders.open(record).close();
    }

    @Test
    void aRestartedCoordinatorGoesOnWhereItWas() throws IOException {
        train(5);
        try (RunFiles files = folders.open(record)) {
            assertEquals(5, files.head().step());
            assertEquals(6, files.nextSequence());
            files.commit(Runs.commit(6, 1), Runs.done(6));
            assertEquals(6, files.append(Runs.event(6)));
        }
        assertEquals(7, metrics().size());
    }

    @Test
    void anEndedRunCanBeOpenedWithoutChangingIt() throws IOException {
        train(12);
        List<String> before = metrics();
        try (RunFiles files = folders.open(record)) {
            assertEquals(13, files.read(0, 100).size());
        }
        assertEquals(before, metrics());
    }

    @Test
    void aMetricOfAStepThatIsNotInTheLedgerIsTakenBackAtRestart() throws IOException {
        train(5);
        try (MetricsFile ahead = MetricsFile.append(run);
                EventLog events = EventLog.open(run)) {
            ahead.write(Runs.event(6));
            events.append(Runs.event(6));
        }
        try (RunFiles files = folders.open(record)) {
            files.append(Runs.begun(2, 5, "a"));
        }
        assertEquals(7, metrics().size());
        assertTrue(metrics().get(6).contains("\"generation\""), metrics().get(6));
    }

    @Test
    void aRunIsResumedByAnotherJobThatComputesTheSame() {
        train(5);
        Runs.checkpoint(run, 4);
        JobRecord again = record.toBuilder().setId("made-up-2").build();
        try (RunFiles files = folders.create(again, Existing.RESUME)) {
            assertEquals(5, files.head().step());
            assertEquals(OptionalLong.of(4), files.newestCheckpoint(Long.MAX_VALUE));
            assertEquals(6, files.nextSequence());
        }
        JobRecord.Builder other = record.toBuilder();
        other.getJobBuilder().setSeed(99);
        UserError refused = assertThrows(UserError.class, () -> folders.create(other.build(), Existing.RESUME));
        assertTrue(refused.getMessage().contains("made by another job"), refused.getMessage());
        folders.open(record).close();
    }

    @Test
    void aDamagedCheckpointIsSetAsideAndTheOneBeforeTaken() {
        train(9);
        Runs.checkpoint(run, 4);
        Runs.damage(Runs.checkpoint(run, 8));
        assertTrue(
                Audit.of(run).violations().toString().contains("the checkpoint after step 8"),
                Audit.of(run).violations().toString());
        JobRecord again = record.toBuilder().setId("made-up-2").build();
        try (RunFiles files = folders.create(again, Existing.RESUME)) {
            assertEquals(OptionalLong.of(4), files.newestCheckpoint(Long.MAX_VALUE));
            List<JobEvent> events = files.read(0, 100);
            String said =
                    events.get(events.size() - 1).getProgress().getNotice().getText();
            assertTrue(said.contains("step 8 of the job made-up-2 is damaged"), said);
            assertTrue(said.contains("the one of step 4 is the newest now"), said);
        }
        assertTrue(Files.exists(run.resolve("checkpoints/step-00000008.safetensors.damaged")));
        assertEquals(List.of(), Audit.of(run).violations());
    }

    @Test
    void aCheckpointThatIsDamagedWhileItsJobGoesOnIsNotHandedOut() {
        train(9);
        Runs.checkpoint(run, 4);
        Path newest = Runs.checkpoint(run, 8);
        try (RunFiles files = folders.open(record)) {
            assertEquals(8, files.checkpoint(8).header().getStep());
            Runs.damage(newest);
            Refused refused =
                    assertThrows(Refused.class, () -> files.checkpoint(8).header());
            assertTrue(refused.getMessage().contains("is damaged and set aside"), refused.getMessage());
            assertEquals(OptionalLong.of(4), files.newestCheckpoint(Long.MAX_VALUE));
        }
    }

    @Test
    void aDamagedCheckpointIsNotExported() {
        train(12);
        Path newest = Runs.checkpoint(run, 12);
        Runs.damage(newest);
        try (RunFiles files = folders.open(record)) {
            CompletionException failed = assertThrows(
                    CompletionException.class,
                    () -> files.export().toCompletableFuture().join());
            assertTrue(failed.getMessage().contains(newest.toString()), failed.getMessage());
            assertTrue(failed.getMessage().contains("it is damaged"), failed.getMessage());
        }
        assertFalse(Files.exists(run.resolve("student")));
    }

    @Test
    void aFinishedRunThatIsResumedHasNotEnded() throws IOException {
        train(12);
        Progress end = Progress.newBuilder()
                .setFinished(JobFinished.newBuilder().setStep(12))
                .build();
        try (RunFiles files = folders.open(record)) {
            files.append(end);
        }
        List<String> ended = metrics();
        folders.open(record).close();
        assertEquals(ended, metrics());
        Runs.checkpoint(run, 12);
        folders.create(record, Existing.RESUME).close();
        assertEquals(ended.subList(0, 13), metrics());
    }

    @Test
    void thereIsNothingToResumeOrOpenWhereNothingIs() {
        assertTrue(assertThrows(UserError.class, () -> folders.create(record, Existing.RESUME))
                .getMessage()
                .contains("job.yaml"));
        assertFalse(Files.exists(run));
        JobRecord gone = record.toBuilder()
                .setFolder(temporary.resolve("gone").toString())
                .build();
        assertTrue(assertThrows(UserError.class, () -> folders.open(gone))
                .getMessage()
                .contains("is gone"));
        assertFalse(Files.exists(temporary.resolve("gone")));
    }

    @Test
    void aRunThatCameToNothingStandsInNobodysWay() throws IOException {
        folders.create(record, Existing.REFUSE).close();
        Files.writeString(run.resolve("thesis.tex"), "");
        PastRun.remove(run);
        try (var left = Files.list(run)) {
            assertEquals(List.of(run.resolve("thesis.tex")), left.toList());
        }
        Files.delete(run.resolve("thesis.tex"));
        folders.create(record, Existing.REFUSE).close();
        PastRun.remove(run);
        assertFalse(Files.exists(run));
    }

    @Test
    void aDamagedLedgerIsReportedAndTheFolderReleased() throws IOException {
        train(5);
        Path ledger = run.resolve("ledger.jsonl");
        String text = Files.readString(ledger);
        Files.writeString(ledger, text.replaceFirst("\"loss\":1.0", "\"loss\":0.5"));
        UserError refused = assertThrows(UserError.class, () -> folders.open(record));
        assertTrue(refused.getMessage().startsWith("Line 1 of"), refused.getMessage());
        Files.writeString(ledger, text);
        folders.open(record).close();
    }

    private void train(long steps) {
        try (RunFiles files = folders.create(record, Existing.REFUSE)) {
            files.append(Runs.started());
            for (long step = 1; step <= steps; step++) {
                files.commit(Runs.commit(step, 1), Runs.done(step));
                files.append(Runs.event(step));
            }
        }
    }

    private List<String> metrics() throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl"));
    }

    @Test
    void filesWhoseDiskHasFailedAreWrittenAnewBeforeTheyAreUsedAgain() throws IOException {
        train(2);
        Object ledger = inode("ledger.jsonl");
        Object events = inode("events.log");
        RunFiles files = folders.open(record);
        files.commit(Runs.commit(3, 1), Runs.done(3));
        files.append(Runs.event(3));
        // Closes the channel under the write, which fails.
        Thread.currentThread().interrupt();
        assertThrows(UserError.class, files::sync);
        assertTrue(Thread.interrupted());
        close(files);
        byte[] written = Files.readAllBytes(run.resolve("ledger.jsonl"));
        try (RunFiles again = folders.open(record)) {
            assertEquals(3, again.head().step());
        }
        assertArrayEquals(written, Files.readAllBytes(run.resolve("ledger.jsonl")));
        assertNotEquals(ledger, inode("ledger.jsonl"), "another file, brought to the disk whole");
        assertNotEquals(events, inode("events.log"));
        Object now = inode("ledger.jsonl");
        folders.open(record).close();
        assertEquals(now, inode("ledger.jsonl"));
        assertEquals(List.of(), Audit.of(run).violations());
    }

    /** The disk fails at the close, too. */
    private static void close(RunFiles files) {
        try {
            files.close();
        } catch (UserError e) {
            assertTrue(e.getMessage().contains("events.log"), e.getMessage());
        }
    }

    private Object inode(String name) throws IOException {
        return Files.getAttribute(run.resolve(name), "unix:ino");
    }
}
