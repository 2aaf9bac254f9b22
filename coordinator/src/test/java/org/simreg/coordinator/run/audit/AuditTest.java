package org.simreg.coordinator.run.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.folder.Runs;
import org.simreg.coordinator.run.log.EventLog;
import org.simreg.coordinator.run.log.LedgerLine;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.JobFinished;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.LedgerEntry.Commit;
import org.simreg.proto.Progress;
import org.simreg.proto.UserError;

class AuditTest {
    @TempDir
    Path folder;

    private final List<LedgerEntry> entries = new ArrayList<>();
    private final List<Progress> events = new ArrayList<>(List.of(
            Runs.started(), Runs.begun(1, 0, "a", "b"), Runs.begun(2, 0, "a", "b"), Runs.begun(3, 0, "a", "b")));

    @Test
    void aRunWithLossesJoinsAndARewindIsClean() throws IOException {
        commits(1, 5, 1);
        commits(6, 7, 2);
        rewind(4, 3);
        commits(5, 12, 3);
        events.add(finished(12, Runs.sha256(12)));
        Audit audit = audit();
        assertEquals(List.of(), audit.violations());
        assertEquals("""
                16 lines
                steps        1 to 12
                epochs       3, of 4 steps of 8 samples, 1 dropped
                generations  3
                rewinds      1, 3 steps recomputed
                digests      7
                """, audit.summary());
    }

    @Test
    void aLedgerWithoutEventsAndSettingsIsCheckedAgainstItself() throws IOException {
        commits(1, 9, 1);
        write();
        Files.delete(folder.resolve("events.log"));
        Files.delete(folder.resolve("job.yaml"));
        assertEquals(List.of(), Audit.of(folder).violations());
        entries.set(7, changed(entries.get(7), commit -> commit.setFirstSample(8)));
        writeLedger();
        assertEquals(1, Audit.of(folder).violations().size());
    }

    @Test
    void aRunFromBeforeThereWereLedgersIsCleanFromItsCheckpointOn() throws IOException {
        rewind(6, 1);
        commits(7, 12, 1);
        Audit audit = audit();
        assertEquals(List.of(), audit.violations());
        assertTrue(audit.summary().contains("7 to 12"), audit.summary());
    }

    @Test
    void aLostStepIsFound() throws IOException {
        commits(1, 12, 1);
        entries.remove(4);
        assertEquals(List.of("line 5: step 6 follows step 4"), found());
    }

    @Test
    void aStepAppliedTwiceIsFound() throws IOException {
        commits(1, 12, 1);
        entries.add(5, entries.get(4));
        assertEquals(List.of("line 6: step 5 follows step 5"), found());
    }

    @Test
    void samplesSeenTwiceOrInAnotherEpochAreFound() throws IOException {
        commits(1, 12, 1);
        change(5, commit -> commit.setFirstSample(0));
        change(7, commit -> commit.setEpoch(3));
        change(9, commit -> commit.setSamples(4));
        assertEquals(
                List.of(
                        "line 6: step 6 has 8 samples from 0 on and should have 8 from 8 on",
                        "line 8: step 8 is of epoch 3 and should be of epoch 2",
                        "line 10: step 10 has 4 samples from 8 on and should have 8 from 8 on"),
                found());
    }

    @Test
    void aGenerationOfThePastIsFound() throws IOException {
        commits(1, 4, 2);
        commits(5, 5, 1);
        commits(6, 6, 2);
        assertEquals(List.of("line 5: generation 1 follows generation 2"), found());
        entries.clear();
        commits(1, 4, 2);
        rewind(2, 2);
        assertEquals(List.of("line 5: generation 2 begins after generation 2"), found());
    }

    @Test
    void aRecomputedStepWithOtherBitsIsFound() throws IOException {
        commits(1, 6, 1);
        rewind(2, 2);
        commits(3, 6, 2);
        change(7, commit -> commit.setLoss(Math.nextUp(commit.getLoss())));
        change(8, commit -> commit.setSha256(Runs.sha256(77)));
        List<String> found = found();
        assertEquals(2, found.size(), found.toString());
        assertTrue(found.get(0).startsWith("line 8: step 3 has the loss 0.3333"), found.get(0));
        assertTrue(found.get(0).endsWith("in line 3"), found.get(0));
        assertTrue(found.get(1).startsWith("line 9: step 4 has the SHA-256 4d4d"), found.get(1));
    }

    @Test
    void aDigestThatIsDueAndMissingIsFound() throws IOException {
        commits(1, 12, 1);
        change(3, commit -> commit.clearSha256().clearDigests());
        change(11, commit -> commit.clearSha256().clearDigests());
        assertEquals(
                List.of("line 4: step 4 has no SHA-256, which is due", "line 12: step 12 has no SHA-256, which is due"),
                found());
    }

    @Test
    void aDigestThatAMemberDidNotReportIsFoundUnlessTheMemberWasLost() throws IOException {
        commits(1, 6, 1);
        change(5, commit -> commit.setDigests(1));
        commits(7, 12, 2);
        assertEquals(List.of(), found());
        change(3, commit -> commit.setDigests(1));
        change(5, commit -> commit.setDigests(2));
        assertEquals(
                List.of(
                        "line 4: not all members of generation 1 reported the digest of step 4, and neither the next generation nor a checkpoint explains it"),
                found());
    }

    @Test
    void aCheckpointExplainsThatNotAllMembersHadReportedYet() throws IOException {
        commits(1, 12, 1);
        change(3, commit -> commit.setDigests(1));
        events.add(checkpoint(6));
        assertEquals(1, found().size(), "the next digest was reported by all before");
        events.add(checkpoint(5));
        assertEquals(List.of(), found());
        change(11, commit -> commit.setDigests(1));
        events.add(finished(12, ""));
        assertEquals(1, found().size());
        events.add(checkpoint(12));
        assertEquals(List.of(), found());
    }

    @Test
    void aLedgerThatEndsBeforeTheRunDidIsFound() throws IOException {
        commits(1, 10, 1);
        events.add(finished(12, ""));
        assertEquals(List.of("ledger: the run finished at step 12 and the last step here is 10"), found());
        commits(11, 12, 1);
        events.set(events.size() - 1, finished(12, Runs.sha256(3)));
        assertTrue(found().get(0).startsWith("ledger: the run finished with the SHA-256 0303"));
    }

    @Test
    void anyChangedByteOfALineIsFoundAtThatLine() throws IOException {
        commits(1, 4, 1);
        write();
        Path ledger = folder.resolve("ledger.jsonl");
        byte[] whole = Runs.bytes(ledger);
        int line = 1;
        for (int at = 0; at < whole.length; at++) {
            if (whole[at] != '\n') {
                byte[] changed = whole.clone();
                changed[at] ^= 2;
                Files.write(ledger, changed);
                int expected = line;
                assertTrue(
                        Audit.of(folder).violations().stream().anyMatch(wrong -> wrong.line() == expected),
                        "byte " + at);
            } else {
                line++;
            }
        }
    }

    @Test
    void anUnfinishedLastLineOfARunThatGoesOnIsNoViolation() throws IOException {
        commits(1, 5, 1);
        write();
        Path ledger = folder.resolve("ledger.jsonl");
        byte[] whole = Runs.bytes(ledger);
        Files.write(ledger, Arrays.copyOf(whole, whole.length - 30));
        assertEquals(List.of(), Audit.of(folder).violations());
        assertEquals(whole.length - 30, Files.size(ledger));
    }

    @Test
    void aFolderWithoutALedgerIsNotAudited() {
        UserError refused = assertThrows(UserError.class, () -> Audit.of(folder));
        assertTrue(refused.getMessage().contains("no ledger.jsonl in " + folder));
    }

    private void commits(long from, long to, long generation) {
        for (long step = from; step <= to; step++) {
            entries.add(LedgerEntry.newBuilder()
                    .setCommit(Runs.commit(step, generation))
                    .build());
        }
    }

    private void rewind(long step, long generation) {
        entries.add(LedgerEntry.newBuilder()
                .setRewind(Runs.rewind(step, generation))
                .build());
    }

    private void change(int line, UnaryOperator<Commit.Builder> change) {
        entries.set(line, changed(entries.get(line), change));
    }

    private static LedgerEntry changed(LedgerEntry entry, UnaryOperator<Commit.Builder> change) {
        Commit.Builder commit = change.apply(entry.getCommit().toBuilder());
        return entry.toBuilder().setCommit(commit).build();
    }

    private static Progress checkpoint(long step) {
        return Progress.newBuilder()
                .setCheckpoint(CheckpointWritten.newBuilder().setStep(step))
                .build();
    }

    private static Progress finished(long step, String sha256) {
        return Progress.newBuilder()
                .setFinished(JobFinished.newBuilder().setStep(step).setSha256(sha256))
                .build();
    }

    private List<String> found() throws IOException {
        return audit().violations().stream().map(Audit.Violation::toString).toList();
    }

    private Audit audit() throws IOException {
        write();
        return Audit.of(folder);
    }

    private void write() throws IOException {
        Files.writeString(folder.resolve("job.yaml"), JobFile.yaml(Runs.job(folder)));
        Files.deleteIfExists(folder.resolve("events.log"));
        try (EventLog log = EventLog.open(folder)) {
            events.forEach(log::append);
        }
        writeLedger();
    }

    private void writeLedger() throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        int chain = 0;
        for (LedgerEntry entry : entries) {
            byte[] line = LedgerLine.of(entry, chain);
            text.write(line);
            chain = LedgerLine.chain(ByteBuffer.wrap(line, 0, line.length - 1).slice())
                    .orElseThrow();
        }
        Files.write(folder.resolve("ledger.jsonl"), text.toByteArray());
    }
}
