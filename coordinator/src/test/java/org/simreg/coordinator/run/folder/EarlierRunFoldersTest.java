package org.simreg.coordinator.run.folder;

import static java.nio.file.StandardOpenOption.APPEND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.coordinator.run.log.MetricsFile;
import org.simreg.proto.JobRecord;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;

/** Tests of run folders of earlier versions, which have no ledger and no log of events. */
class EarlierRunFoldersTest {
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
    void aRunFromBeforeThereWereLedgersIsResumedAtItsCheckpoint() throws IOException {
        old(7);
        UserError refused = assertThrows(UserError.class, () -> folders.create(record, Existing.RESUME));
        assertTrue(refused.getMessage().contains("no checkpoint"), refused.getMessage());
        Runs.checkpoint(run, 4);
        try (RunFiles files = folders.create(record, Existing.RESUME)) {
            assertEquals(4, files.head().step());
            files.commit(Runs.commit(5, 1), Runs.done(5));
        }
        assertEquals(5, metrics().size());
        assertEquals(List.of(), Audit.of(run).violations());
    }

    @Test
    void theEventsOfARunFromBeforeThereWereLogsAreTakenOverOnce() throws IOException {
        old(7);
        Files.writeString(run.resolve("metrics.jsonl"), "{\"step\":{\"st", APPEND);
        Runs.checkpoint(run, 4);
        try (RunFiles files = folders.create(record, Existing.RESUME)) {
            assertEquals(8, files.nextSequence());
            assertEquals(8, files.append(Runs.begun(1, 4, "a")));
        }
        try (RunFiles files = folders.open(record)) {
            assertEquals(9, files.nextSequence());
            assertEquals(Runs.started(), files.read(0, 1).get(0).getProgress());
            assertEquals(Runs.event(7), files.read(7, 1).get(0).getProgress());
        }
        assertEquals(6, metrics().size());
    }

    @Test
    void aDamagedLineOfARunFromBeforeThereWereLogsIsReportedByItsNumberAndNothingIsTakenOver() throws IOException {
        old(3);
        List<String> lines = metrics();
        Files.write(run.resolve("metrics.jsonl"), List.of(lines.get(0), "{\"step\":{\"st", lines.get(1)));
        Runs.checkpoint(run, 2);
        UserError damage = assertThrows(UserError.class, () -> folders.create(record, Existing.RESUME));
        assertTrue(damage.getMessage().contains("line 2 of"), damage.getMessage());
        assertFalse(Files.exists(run.resolve("events.log")));
        assertFalse(Files.exists(run.resolve("events.log.tmp")));
    }

    /** Makes a folder with only {@code job.yaml} and {@code metrics.jsonl}. */
    private void old(long steps) throws IOException {
        Files.createDirectories(run);
        Files.writeString(run.resolve("job.yaml"), JobFile.yaml(record.getJob()));
        try (MetricsFile metrics = MetricsFile.append(run)) {
            metrics.write(Runs.started());
            for (long step = 1; step <= steps; step++) {
                metrics.write(Runs.event(step));
            }
        }
    }

    private List<String> metrics() throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl"));
    }
}
