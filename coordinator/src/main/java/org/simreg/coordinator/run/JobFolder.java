package org.simreg.coordinator.run;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.simreg.coordinator.job.EpochSum;
import org.simreg.coordinator.job.JobFile;
import org.simreg.coordinator.job.JobFiles;
import org.simreg.coordinator.job.JobFiles.Download;
import org.simreg.coordinator.job.LedgerHead;
import org.simreg.coordinator.status.NeighborGrid;
import org.simreg.coordinator.status.Report;
import org.simreg.coordinator.status.RunFolder;
import org.simreg.coordinator.store.FolderLock;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.JobEvent;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.worker.distill.CheckpointFile;

/** The run folder of one job on a disk, locked while this is open. */
final class JobFolder implements JobFiles {
    private static final int LAST_EVENTS = 200;

    private final Parts parts;
    private final Executor slow;

    /** Opened with the first event: it reads all events there were. */
    private Optional<RunFolder> metrics;

    /**
     * What is open.
     *
     * @param folder of the run
     */
    record Parts(Path folder, FolderLock lock, EventLog events, Ledger ledger, Shelf shelf) {
        /** The lock last, whatever fails. */
        void close() {
            try {
                closeFiles();
            } finally {
                lock.close();
            }
        }

        void closeFiles() {
            try {
                events.close();
            } finally {
                ledger.close();
            }
        }
    }

    /**
     * @param metrics empty if they are to be opened when they are needed
     * @param slow for exports and reports
     */
    JobFolder(Parts parts, Optional<RunFolder> metrics, Executor slow) {
        this.parts = parts;
        this.metrics = metrics;
        this.slow = slow;
    }

    @Override
    public long append(Progress event) {
        RunFolder open = metrics.orElseGet(() -> RunFolder.reopen(parts.folder, head().step()));
        metrics = Optional.of(open);
        long sequence = parts.events.append(event);
        open.accept(event);
        return sequence;
    }

    @Override
    public long nextSequence() {
        return parts.events.next();
    }

    @Override
    public List<JobEvent> read(long from, int most) {
        return parts.events.read(from, most);
    }

    @Override
    public LedgerHead head() {
        return parts.ledger.head();
    }

    @Override
    public void commit(LedgerEntry.Commit commit, StepDone step) {
        parts.ledger.commit(commit, step.getSeconds(), System.currentTimeMillis());
    }

    @Override
    public void rewind(LedgerEntry.Rewind rewind) {
        parts.ledger.rewind(rewind, System.currentTimeMillis());
        parts.shelf.rewind(rewind.getStep());
        if (metrics.isPresent()) {
            metrics.get().rewind(rewind.getStep());
        } else {
            metrics = Optional.of(RunFolder.resumeAfter(parts.folder, rewind.getStep()));
        }
    }

    @Override
    public EpochSum sum(int epoch) {
        return parts.ledger.sum(epoch);
    }

    /** The events first: a step in the ledger whose event is lost would never be told. */
    @Override
    public void sync() {
        parts.events.sync();
        metrics.ifPresent(RunFolder::sync);
        parts.ledger.sync();
    }

    @Override
    public OptionalLong newestCheckpoint(long most) {
        return newest(most)
                .map(CheckpointFile::step)
                .map(OptionalLong::of)
                .orElse(OptionalLong.empty());
    }

    private Optional<Path> newest(long most) {
        return parts.shelf.newest(Math.min(most, head().step()));
    }

    @Override
    public Upload receive(CheckpointHeader header) {
        return parts.shelf.receive(header, () -> head().step());
    }

    @Override
    public Download checkpoint(long step) {
        return parts.shelf.download(step);
    }

    @Override
    public CompletionStage<List<String>> export() {
        Path checkpoint =
                newest(Long.MAX_VALUE)
                        .orElseThrow(
                                () ->
                                        new UserError(
                                                "%s holds no checkpoint to export the student from"
                                                        .formatted(parts.folder)));
        return CompletableFuture.supplyAsync(() -> export(checkpoint), slow);
    }

    private List<String> export(Path checkpoint) {
        return CheckpointFile.read(checkpoint).export(parts.folder.resolve("student")).stream()
                .map(file -> parts.folder.relativize(file).toString())
                .toList();
    }

    @Override
    public CompletionStage<Void> report() {
        Optional<NeighborGrid> neighbors = neighbors();
        return CompletableFuture.runAsync(() -> Report.write(parts.folder, neighbors), slow);
    }

    /**
     * Of the last evaluation, which is among the last events; pictures that can't be read stay out.
     */
    private Optional<NeighborGrid> neighbors() {
        long from = Math.max(0, nextSequence() - LAST_EVENTS);
        Path data =
                Path.of(JobFile.read(parts.folder.resolve(RunFolder.JOB)).getDataset().getPath());
        return read(from, LAST_EVENTS).stream()
                .map(event -> event.getProgress().getEvaluation())
                .filter(evaluation -> evaluation.getExamplesCount() > 0)
                .reduce((earlier, later) -> later)
                .map(evaluation -> NeighborGrid.of(evaluation, data));
    }

    /** All that was appended becomes durable; then the folder is free for others. */
    @Override
    public void close() {
        try {
            metrics.ifPresent(RunFolder::close);
        } finally {
            parts.close();
        }
    }
}
