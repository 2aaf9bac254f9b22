package org.simreg.coordinator.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;
import org.simreg.proto.UserError;

public class JournaledJobsTest {
    @TempDir
    Path home;

    @Test
    void theNewestRecordOfEveryJobIsThereAfterARestart() {
        try (JournaledJobs jobs = open()) {
            jobs.save(record("a", 1));
            jobs.save(record("b", 1));
            jobs.save(record("a", 2));
        }
        assertEquals(Set.of(record("a", 2), record("b", 1)), loaded());
    }

    @Test
    void homeAndJournalAreForTheirOwnerOnly() throws IOException {
        Path fresh = home.resolve("fresh");
        try (JournaledJobs jobs = JournaledJobs.open(fresh, Optional.empty())) {
            jobs.save(record("a", 1));
        }
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(fresh)));
        assertEquals(
                "rw-------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(fresh.resolve("jobs.journal"))));
    }

    @Test
    void killedWhileItKeepsARecordTheOneBeforeHolds() throws IOException {
        Path journal = home.resolve("jobs.journal");
        save(record("a", 1));
        int kept = (int) Files.size(journal);
        save(record("a", 2));
        byte[] whole = Files.readAllBytes(journal);
        // Reopening has dropped the past: the second record takes the place of the first.
        assertEquals(kept, whole.length);
        try (JournaledJobs jobs = open()) {
            jobs.save(record("a", 3));
            byte[] grown = Files.readAllBytes(journal);
            for (int length = kept; length < grown.length; length++) {
                Path other = Files.createDirectories(home.resolve("copy-" + length));
                Files.write(other.resolve("jobs.journal"), Arrays.copyOf(grown, length));
                try (JournaledJobs copy = JournaledJobs.open(other, Optional.empty())) {
                    assertEquals(List.of(record("a", 2)), List.copyOf(copy.load()));
                }
            }
        }
        assertEquals(Set.of(record("a", 3)), loaded());
    }

    @Test
    void aDamagedJournalIsNotCutButReported() throws IOException {
        Path journal = home.resolve("jobs.journal");
        try (JournaledJobs jobs = open()) {
            jobs.save(record("a", 1));
            jobs.save(record("b", 1));
        }
        byte[] bytes = Files.readAllBytes(journal);
        bytes[40] ^= 1;
        Files.write(journal, bytes);
        UserError refused = assertThrows(UserError.class, this::open);
        assertTrue(refused.getMessage().contains("jobs.journal is damaged at byte 17"));
        assertEquals(bytes.length, Files.size(journal));
        // A refused home is not kept from others.
        Files.delete(journal);
        open().close();
    }

    @Test
    void thePastIsDroppedWhileTheJournalIsInUse() throws IOException {
        String padding = "x".repeat(100_000);
        try (JournaledJobs jobs = open()) {
            for (int version = 1; version <= 100; version++) {
                jobs.save(record("a", version).toBuilder().setReason(padding).build());
            }
            assertTrue(Files.size(home.resolve("jobs.journal")) < 5_000_000);
            jobs.save(record("b", 1));
        }
        assertEquals(
                Set.of("a 100", "b 1"),
                loaded().stream()
                        .map(job -> job.getId() + " " + job.getVersion())
                        .collect(Collectors.toSet()));
    }

    @Test
    void aRecordOfThePastIsNotKept() {
        try (JournaledJobs jobs = open()) {
            jobs.save(record("a", 5));
            assertThrows(IllegalArgumentException.class, () -> jobs.save(record("a", 5)));
            assertThrows(IllegalArgumentException.class, () -> jobs.save(record("a", 4)));
        }
        assertEquals(Set.of(record("a", 5)), loaded());
    }

    @Test
    void recordsThatAreGivenAtOnceAreKeptInTheirOrderAndOneThatIsRefusedFailsAlone() {
        List<CompletionStage<Void>> given = new ArrayList<>();
        CompletionStage<Void> stale;
        try (JournaledJobs jobs = open()) {
            jobs.save(record("b", 7));
            for (int version = 1; version <= 50; version++) {
                given.add(jobs.saveLater(record("a", version)));
                given.add(jobs.saveLater(record("job-" + version, 1)));
            }
            stale = jobs.saveLater(record("b", 7));
            given.add(jobs.saveLater(record("c", 1)));
            jobs.save(record("b", 8));
            given.forEach(kept -> assertTrue(kept.toCompletableFuture().isDone()));
        }
        given.forEach(kept -> kept.toCompletableFuture().join());
        assertThrows(
                CompletionException.class, () -> stale.toCompletableFuture().join());
        Set<JobRecord> kept = loaded();
        assertEquals(53, kept.size());
        assertTrue(kept.containsAll(Set.of(record("a", 50), record("b", 8), record("c", 1), record("job-50", 1))));
    }

    @Test
    void aHomeHasOneCoordinator() {
        JournaledJobs first = open();
        UserError refused = assertThrows(UserError.class, this::open);
        assertTrue(refused.getMessage().contains("coordinator's home " + home));
        first.save(record("a", 1));
        first.close();
        open().close();
    }

    /**
     * The archive's disk neither takes a record nor lets go of it, so the journal keeps it. The next start finds it in both
     * places, and gives the journal's up only because it writes the archive's again: that one outlives a loss of power.
     */
    @Test
    void aJobThatEndedWhileTheArchivesDiskFailedOutlivesTheNextStartAndALossOfPower() throws IOException {
        FailingDisk disk = new FailingDisk();
        Path records = home.resolve("ended/records");
        byte[] durable;
        JobRecord ended = record("a", 2).toBuilder().setState(JobState.FAILED).build();
        try (JournaledJobs jobs = JournaledJobs.open(home, Optional.empty(), disk)) {
            jobs.save(record("a", 1));
            durable = Files.readAllBytes(records);
            disk.syncsToFail = 1;
            disk.cutsFail = true;
            jobs.save(ended);
        }
        assertTrue(Files.size(records) > durable.length, "it was not cut off");
        FailingDisk after = new FailingDisk();
        Path other = Files.createDirectories(home.resolve("after-the-loss"));
        try (JournaledJobs jobs = JournaledJobs.open(home, Optional.empty(), after)) {
            assertEquals(List.of(), List.copyOf(jobs.load()), "it has left the journal");
            Files.copy(home.resolve("jobs.journal"), other.resolve("jobs.journal"));
        }
        byte[] disks = Arrays.copyOf(durable, (int) Files.size(records));
        after.written.forEach((at, bytes) -> System.arraycopy(bytes, 0, disks, (int) (long) at, bytes.length));
        Files.createDirectories(other.resolve("ended"));
        Files.write(other.resolve("ended/records"), disks);
        try (JournaledJobs jobs = JournaledJobs.open(other, Optional.empty())) {
            jobs.load();
            assertEquals(Optional.of(ended), jobs.past().orElseThrow().find("a"));
        }
    }

    private JournaledJobs open() {
        return JournaledJobs.open(home, Optional.empty());
    }

    private void save(JobRecord record) {
        try (JournaledJobs jobs = open()) {
            jobs.save(record);
        }
        loaded();
    }

    private Set<JobRecord> loaded() {
        try (JournaledJobs jobs = open()) {
            return Set.copyOf(jobs.load());
        }
    }

    public static JobRecord record(String id, long version) {
        return JobRecord.newBuilder()
                .setId(id)
                .setVersion(version)
                .setState(JobState.RUNNING)
                .setFolder("runs/" + id)
                .build();
    }
}
