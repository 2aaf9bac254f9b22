package org.simreg.coordinator.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.JobRecord;
import org.simreg.proto.UserError;

class JournalTest {
    @TempDir
    Path folder;

    private final FailingDisk disk = new FailingDisk();

    private Path path() {
        return folder.resolve("jobs.journal");
    }

    private static JobRecord job(long version, String reason) {
        return JournaledJobsTest.record("a", version).toBuilder()
                .setReason(reason)
                .build();
    }

    private Object file() throws IOException {
        return Files.readAttributes(path(), BasicFileAttributes.class).fileKey();
    }

    private List<JobRecord> reopened() {
        try (Journal journal = Journal.open(path())) {
            return List.copyOf(journal.records());
        }
    }

    @Test
    void aRecordThatTheDiskDidNotTakeGoesToANewFileBeforeItIsAcknowledged() throws IOException {
        try (Journal journal = Journal.open(path(), disk)) {
            journal.append(job(1, "first"));
            Object before = file();
            disk.syncsToFail = 1;
            UserError failed = assertThrows(UserError.class, () -> journal.append(job(2, "lost")));
            assertTrue(failed.getMessage().contains("Input/output error"), failed.getMessage());
            assertEquals(1, journal.version("a"));
            assertEquals(List.of(job(1, "first")), List.copyOf(journal.records()));
            journal.append(job(2, "again"));
            assertNotEquals(before, file());
            assertEquals(List.of(job(2, "again")), reopened());
            journal.append(job(3, "on"));
        }
        assertEquals(List.of(job(3, "on")), reopened());
    }

    @Test
    void recordsOfSeveralJobsShareAnFsyncAndFailTogether() {
        JobRecord other = JournaledJobsTest.record("b", 1);
        try (Journal journal = Journal.open(path(), disk)) {
            int before = disk.syncs;
            journal.append(List.of(job(1, "first"), other));
            assertEquals(before + 1, disk.syncs);
            disk.syncsToFail = 1;
            List<JobRecord> lost = List.of(job(2, "lost"), JournaledJobsTest.record("b", 2));
            assertThrows(UserError.class, () -> journal.append(lost));
            assertEquals(List.of(job(1, "first"), other), List.copyOf(journal.records()));
        }
        assertEquals(List.of(job(1, "first"), other), reopened());
    }

    @Test
    void whileNoNewFileCanBeBegunNothingIsAcknowledgedAndThenAllIs() throws IOException {
        try (Journal journal = Journal.open(path(), disk)) {
            journal.append(job(1, "first"));
            disk.syncsToFail = 2;
            assertThrows(UserError.class, () -> journal.append(job(2, "lost")));
            assertThrows(UserError.class, () -> journal.append(job(2, "lost, too")));
            disk.noFiles = true;
            assertThrows(UserError.class, () -> journal.append(job(2, "lost again")));
            assertEquals(List.of(job(1, "first")), List.copyOf(journal.records()));
            disk.noFiles = false;
            journal.append(job(2, "kept"));
            assertEquals(List.of(job(2, "kept")), reopened());
            try (var left = Files.list(folder)) {
                assertEquals(List.of(path()), left.toList());
            }
        }
    }

    @Test
    void aRecordThatTheDiskDidNotTakeIsOnTheDiskAfterARestartBeforeAnybodyHearsOfIt() throws IOException {
        try (Journal killed = Journal.open(path(), disk)) {
            killed.append(job(1, "first"));
            disk.cutsFail = true;
            disk.syncsToFail = 1;
            assertThrows(UserError.class, () -> killed.append(job(2, "in memory only")));
            disk.cutsFail = false;
            Object before = file();
            try (Journal next = Journal.open(path(), disk)) {
                assertEquals(List.of(job(2, "in memory only")), List.copyOf(next.records()));
                disk.noFiles = true;
                next.renew();
                assertThrows(UserError.class, () -> next.append(job(3, "on")));
                disk.noFiles = false;
                next.renew();
                assertNotEquals(before, file());
                assertEquals(List.of(job(2, "in memory only")), List.copyOf(next.records()));
                assertTrue(next.isCertain());
            }
        }
    }

    @Test
    void compactionThatFailsLeavesTheFileInUse() {
        String padding = "x".repeat(1_000_000);
        try (Journal journal = Journal.open(path(), disk)) {
            journal.append(job(1, padding));
            disk.noFiles = true;
            for (int version = 2; version <= 12; version++) {
                journal.append(job(version, padding));
            }
            assertEquals(List.of(job(12, padding)), reopened());
            assertTrue(journal.size() > 12_000_000, "" + journal.size());
            disk.noFiles = false;
            for (int version = 13; version <= 24; version++) {
                journal.append(job(version, padding));
            }
            assertTrue(journal.size() < 6_000_000, "" + journal.size());
            assertEquals(List.of(job(24, padding)), reopened());
        }
    }

    @Test
    void aDraftThatAKillLeftIsWrittenOver() throws IOException {
        try (Journal journal = Journal.open(path())) {
            journal.append(job(1, "first"));
            journal.append(job(2, "second"));
            Files.writeString(folder.resolve(".jobs.journal.tmp"), "what a killed coordinator began to write");
            journal.compact();
            journal.append(job(3, "third"));
        }
        assertEquals(List.of(job(3, "third")), reopened());
    }
}
