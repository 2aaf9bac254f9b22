package org.simreg.coordinator.run.folder;

import java.nio.file.Path;
import java.util.ArrayList;
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
import org.simreg.proto.DataSource;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.simreg.worker.export.StudentExport;
import org.simreg.worker.train.student.RunCheckpoint;

/**
 * The run folder of one job, locked while this is open: events, ledger, checkpoints, exports and
 * the report.
 */
final class RunFolder implements RunFiles {
    private static final int LAST_EVENTS = 200;

    private final OpenFiles files;
    private final DiskRunFolders.ReportWriter reports;
    private final Executor slow;
    private final Runnable uncertain;

    /**
     * The open files of a run folder.
     *
     * @param folder of the run
     */
    record OpenFiles(Path folder, FolderLock lock, RunEvents events, Ledger ledger, CheckpointCatalog checkpoints) {
        /** Closes the files, then gives the lock back, whatever fails. */
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
     * @param reports makes the run's report
     * @param slow for exports and reports
     * @param uncertain is told when the disk has failed to take what was appended
     */
    RunFolder(OpenFiles files, DiskRunFolders.ReportWriter reports, Executor slow, Runnable uncertain) {
        this.files = files;
        this.reports = reports;
        this.slow = slow;
        this.uncertain = uncertain;
    }

    @Override
    public long append(Progress event) {
        return files.events.append(event, head().step());
    }

    @Override
    public long nextSequence() {
        return files.events.next();
    }

    @Override
    public List<JobEvent> read(long from, int most) {
        return files.events.read(from, most);
    }

    @Override
    public RunFiles.LedgerHead head() {
        return files.ledger.head();
    }

    @Override
    public void commit(LedgerEntry.Commit commit, StepDone step) {
        files.ledger.commit(commit, step.getSeconds(), System.currentTimeMillis());
    }

    @Override
    public void rewind(LedgerEntry.Rewind rewind) {
        files.ledger.rewind(rewind, System.currentTimeMillis());
        files.checkpoints.rewind(rewind.getStep());
        files.events.rewind(rewind.getStep());
    }

    @Override
    public RunFiles.EpochSum sum(int epoch) {
        return files.ledger.sum(epoch);
    }

    /** The events first: a step in the ledger whose event is lost would never reach a client. */
    @Override
    public void sync() {
        told(() -> {
            files.events.sync();
            files.ledger.sync();
        });
    }

    private void told(Runnable bringing) {
        try {
            bringing.run();
        } catch (RuntimeException e) {
            uncertain.run();
            throw e;
        }
    }

    @Override
    public OptionalLong newestCheckpoint(long most) {
        return newest(most).map(RunCheckpoint::stepOf).map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    private Optional<Path> newest(long most) {
        return files.checkpoints.newest(Math.min(most, head().step()));
    }

    @Override
    public Upload receive(CheckpointHeader header) {
        return files.checkpoints.receive(header, () -> head().step());
    }

    @Override
    public Download checkpoint(long step) {
        return files.checkpoints.download(step);
    }

    @Override
    public CompletionStage<List<String>> export() {
        Path checkpoint = newest(Long.MAX_VALUE)
                .orElseThrow(() ->
                        new UserError("%s holds no checkpoint to export the student from".formatted(files.folder)));
        return CompletableFuture.supplyAsync(() -> export(checkpoint), slow);
    }

    private List<String> export(Path checkpoint) {
        Job job = RunCheckpoint.Header.read(checkpoint).job();
        int size = job.getViews().getSize();
        List<String> written = new ArrayList<>(export(StudentExport.Source.student(checkpoint), PastRun.EXPORTS, size));
        if (job.getOptimization().getEmaDecay() > 0) {
            written.addAll(export(StudentExport.Source.average(checkpoint), PastRun.AVERAGE_EXPORTS, size));
        }
        return written;
    }

    private List<String> export(StudentExport.Source source, String name, int size) {
        Path folder = files.folder.resolve(name);
        Disk.write(folder, () -> OwnFolder.requireFolder(folder));
        return StudentExport.checkpoint(source, folder, size, EnumSet.allOf(StudentExport.Format.class), notice -> {})
                .stream()
                .map(file -> files.folder.relativize(file).toString())
                .toList();
    }

    @Override
    public CompletionStage<Void> report() {
        Optional<EvaluationDone> shown = shown();
        Path data = Path.of(DataSource.shown(
                JobFile.read(files.folder.resolve(JobFile.NAME)).getDataset()));
        return CompletableFuture.runAsync(() -> reports.write(files.folder, shown, data), slow);
    }

    /** The last evaluation with examples; if there is one it is among the last events. */
    private Optional<EvaluationDone> shown() {
        long from = Math.max(0, nextSequence() - LAST_EVENTS);
        return read(from, LAST_EVENTS).stream()
                .map(event -> event.getProgress().getEvaluation())
                .filter(evaluation -> evaluation.getExamplesCount() > 0)
                .reduce((earlier, later) -> later);
    }

    /** Makes durable what was appended, and gives the folder back. */
    @Override
    public void close() {
        told(files::close);
    }
}
