package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobEvent;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Shortage;

/** A run folder in memory; what was not synced can be lost. */
final class MemoryFiles implements RunFiles {
    final List<JobEvent> events = new ArrayList<>();
    final List<LedgerEntry> ledger = new ArrayList<>();
    final TreeMap<Long, CheckpointHeader> checkpoints = new TreeMap<>();

    /** What a checkpoint holds: the generation in which each step was made. */
    final Map<Long, List<Long>> states = new TreeMap<>();

    /** The next of these events can't be written, as if the coordinator were killed there. */
    Predicate<Progress> unwritable = never -> false;

    /** Why checkpoints can't be written; empty: they can. */
    String full = "";

    /** Whether a call that writes lacks room. */
    BooleanSupplier lacksRoom = () -> false;

    /** What every call throws; empty: nothing. */
    Optional<Error> broken = Optional.empty();

    /** What is done before every call. */
    volatile Runnable before = () -> {};

    /** What the next durable state waits for. */
    CompletableFuture<Void> disk = CompletableFuture.completedFuture(null);

    CompletionStage<List<String>> exports = CompletableFuture.completedFuture(List.of("a.onnx"));
    private int syncedEvents;
    private int syncedLedger;
    private boolean open;

    void open() {
        assertFalse(open, "the folder is open already");
        sync();
        open = true;
    }

    void crash(boolean power) {
        open = false;
        if (power) {
            events.subList(syncedEvents, events.size()).clear();
            ledger.subList(syncedLedger, ledger.size()).clear();
        }
    }

    /** Why a checkpoint is not stored. */
    static Refused refused(Upload upload) {
        CompletableFuture<CheckpointWritten> stored = upload.store().toCompletableFuture();
        Throwable failure =
                assertThrows(CompletionException.class, stored::join).getCause();
        return assertInstanceOf(Refused.class, failure);
    }

    private void orBreak() {
        before.run();
        if (broken.isPresent()) {
            throw broken.get();
        }
    }

    private void orLack(String file) {
        if (lacksRoom.getAsBoolean()) {
            throw shortage(file);
        }
    }

    /** What a file that can't be written for want of room throws. */
    static UserError shortage(String file) {
        return assertThrows(
                Shortage.class,
                () -> Disk.write(Path.of(file), () -> {
                    throw new IOException("No space left on device");
                }));
    }

    @Override
    public CompletionStage<Void> syncLater() {
        return disk.thenRun(this::sync);
    }

    @Override
    public long append(Progress event) {
        orBreak();
        assertTrue(open, "the folder is closed");
        orLack("events.log");
        if (unwritable.test(event)) {
            unwritable = never -> false;
            throw new UserError("Writing events failed: No space left on device");
        }
        long sequence = events.size();
        events.add(
                JobEvent.newBuilder().setSequence(sequence).setProgress(event).build());
        return sequence;
    }

    @Override
    public long nextSequence() {
        return events.size();
    }

    @Override
    public List<JobEvent> read(long from, int most) {
        int first = (int) Math.min(from, events.size());
        return List.copyOf(events.subList(first, Math.min(events.size(), first + most)));
    }

    /** The ledger's commits, what was taken back aside. */
    List<LedgerEntry.Commit> commits() {
        List<LedgerEntry.Commit> commits = new ArrayList<>();
        for (LedgerEntry entry : ledger) {
            if (entry.hasCommit()) {
                commits.add(entry.getCommit());
            } else {
                commits.removeIf(commit -> commit.getStep() > entry.getRewind().getStep());
            }
        }
        return commits;
    }

    long rewinds() {
        return ledger.stream().filter(LedgerEntry::hasRewind).count();
    }

    @Override
    public RunFiles.LedgerHead head() {
        orBreak();
        if (ledger.isEmpty()) {
            return RunFiles.LedgerHead.EMPTY;
        }
        LedgerEntry newest = ledger.get(ledger.size() - 1);
        // Only a line that took steps back asks for the others.
        List<LedgerEntry.Commit> commits = newest.hasCommit() ? List.of(newest.getCommit()) : commits();
        if (commits.isEmpty()) {
            return RunFiles.LedgerHead.EMPTY;
        }
        LedgerEntry.Commit last = commits.get(commits.size() - 1);
        return new RunFiles.LedgerHead(last.getStep(), last.getEpoch(), last.getLoss(), last.getGeneration());
    }

    @Override
    public void commit(LedgerEntry.Commit commit, StepDone step) {
        assertTrue(open, "the folder is closed");
        assertEquals(head().step() + 1, commit.getStep(), "steps are contiguous");
        assertEquals(commit.getStep(), step.getStep());
        orLack("ledger.jsonl");
        ledger.add(LedgerEntry.newBuilder().setCommit(commit).build());
    }

    @Override
    public void rewind(LedgerEntry.Rewind rewind) {
        assertTrue(rewind.getStep() < head().step(), "a rewind goes back");
        orLack("ledger.jsonl");
        ledger.add(LedgerEntry.newBuilder().setRewind(rewind).build());
    }

    @Override
    public RunFiles.EpochSum sum(int epoch) {
        double losses = 0;
        long steps = 0;
        long images = 0;
        for (LedgerEntry.Commit commit : commits()) {
            if (commit.getEpoch() == epoch) {
                losses += commit.getLoss();
                steps++;
                images += commit.getSamples();
            }
        }
        return new RunFiles.EpochSum(steps, losses, 0, images);
    }

    @Override
    public List<EvaluationDone> evaluations() {
        long head = head().step();
        return events.stream()
                .map(event -> event.getProgress().getEvaluation())
                .filter(done -> done.getStep() > 0 && done.getStep() <= head)
                .toList();
    }

    @Override
    public void sync() {
        orBreak();
        orLack("ledger.jsonl");
        syncedEvents = events.size();
        syncedLedger = ledger.size();
    }

    @Override
    public OptionalLong newestCheckpoint(long most) {
        orBreak();
        Long newest = checkpoints.floorKey(most);
        return newest == null ? OptionalLong.empty() : OptionalLong.of(newest);
    }

    @Override
    public Upload receive(CheckpointHeader header) {
        return new Upload() {
            @Override
            public void write(ByteBuffer part) {
                part.position(part.limit());
            }

            @Override
            public void finish() {
                orLack("step.safetensors");
                if (!full.isEmpty()) {
                    throw new UserError(full);
                }
            }

            @Override
            public CompletionStage<CheckpointWritten> store() {
                orLack("step.safetensors");
                checkpoints.put(header.getStep(), header);
                while (checkpoints.size() > 2) {
                    checkpoints.pollFirstEntry();
                }
                return CompletableFuture.completedFuture(
                        CheckpointWritten.newBuilder().setStep(header.getStep()).build());
            }

            @Override
            public void close() {
                assertTrue(header.getStep() >= 0);
            }
        };
    }

    @Override
    public Download checkpoint(long step) {
        if (!checkpoints.containsKey(step)) {
            throw new Refused(Refused.Kind.UNKNOWN, "no checkpoint of step " + step);
        }
        return new Download(checkpoints.get(step), Path.of("step-" + step));
    }

    @Override
    public CompletionStage<List<String>> export() {
        return exports;
    }

    @Override
    public CompletionStage<Void> report() {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void close() {
        open = false;
    }
}
