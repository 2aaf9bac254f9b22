package org.simreg.coordinator.run.folder;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.RunFiles.Download;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.log.Ledger;
import org.simreg.coordinator.store.FolderLock;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobEvent;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.train.student.RunCheckpoint;

/**
 * The run folder of one job on a disk, locked while this is open: events, ledger, checkpoints, and
 * what is made of them at the end.
 */
final class RunFolder implements RunFiles {
    private static final int LAST_EVENTS = 200;

    private final Parts parts;
    private final DiskRunFolders.ReportWriter reports;
    private final Executor slow;

    /**
     * The open files of a run folder.
     *
     * @param folder of the run
     */
    record Parts(
            Path folder,
            FolderLock lock,
            RunEvents events,
            Ledger ledger,
            CheckpointCatalog shelf) {
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
     * @param reports makes the report
     * @param slow for exports and reports
     */
    RunFolder(Parts parts, DiskRunFolders.ReportWriter reports, Executor slow) {
        this.parts = parts;
        this.reports = reports;
        this.slow = slow;
    }

    @Override
    public long append(Progress event) {
        return parts.events.append(event, head().step());
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
    public RunFiles.LedgerHead head() {
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
        parts.events.rewind(rewind.getStep());
    }

    @Override
    public RunFiles.EpochSum sum(int epoch) {
        return parts.ledger.sum(epoch);
    }

    /** The events first: a step in the ledger whose event is lost would never be told. */
    @Override
    public void sync() {
        parts.events.sync();
        parts.ledger.sync();
    }

    @Override
    public OptionalLong newestCheckpoint(long most) {
        return newest(most)
                .map(RunCheckpoint::stepOf)
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
        return StudentExport.checkpoint(
                        checkpoint,
                        Optional.empty(),
                        parts.folder.resolve("student"),
                        RunCheckpoint.Header.read(checkpoint).job().getViews().getSize(),
                        EnumSet.allOf(StudentExport.Format.class))
                .stream()
                .map(file -> parts.folder.relativize(file).toString())
                .toList();
    }

    @Override
    public CompletionStage<Void> report() {
        Optional<EvaluationDone> shown = shown();
        Path data =
                Path.of(JobFile.read(parts.folder.resolve(JobFile.NAME)).getDataset().getPath());
        return CompletableFuture.runAsync(() -> reports.write(parts.folder, shown, data), slow);
    }

    /** The last evaluation with examples; it is among the last events. */
    private Optional<EvaluationDone> shown() {
        long from = Math.max(0, nextSequence() - LAST_EVENTS);
        return read(from, LAST_EVENTS).stream()
                .map(event -> event.getProgress().getEvaluation())
                .filter(evaluation -> evaluation.getExamplesCount() > 0)
                .reduce((earlier, later) -> later);
    }

    /** All that was appended becomes durable; then the folder is free for others. */
    @Override
    public void close() {
        parts.close();
    }
}
