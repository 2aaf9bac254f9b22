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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.RunFiles.Download;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.log.Ledger;
import org.simreg.coordinator.store.FolderLock;
import org.simreg.proto.BestStudent;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.DataSource;
import org.simreg.proto.Dataset;
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
import org.simreg.worker.train.student.StudentRanking;

/**
 * The run folder of one job, locked while this is open: events, ledger, checkpoints, exports and
 * the report.
 */
final class RunFolder implements RunFiles {
    private static final int LAST_EVENTS = 200;

    private final OpenFiles files;
    private final Job job;
    private final DiskRunFolders.ReportWriter reports;
    private final Executor slow;

    /**
     * The open files of a run folder.
     *
     * @param folder of the run
     */
    record OpenFiles(Path folder, FolderLock lock, RunEvents events, Ledger ledger, CheckpointCatalog checkpoints) {
        void sync() {
            events.sync();
            ledger.sync();
        }

        /** Closes the files, then gives the lock back, whatever fails; as settled if nothing has. */
        void close() {
            boolean settled = false;
            try {
                try {
                    sync();
                } finally {
                    closeFiles();
                }
                settled = true;
            } finally {
                lock.close(settled);
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
     * @param job completed
     * @param reports makes the run's report
     * @param slow for exports and reports
     */
    RunFolder(OpenFiles files, Job job, DiskRunFolders.ReportWriter reports, Executor slow) {
        this.files = files;
        this.job = job;
        this.reports = reports;
        this.slow = slow;
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
        files.sync();
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
        return files.checkpoints.receive(
                header,
                () -> head().step(),
                () -> best().map(BestStudent::getStep).collect(Collectors.toSet()));
    }

    @Override
    public List<EvaluationDone> evaluations() {
        long head = head().step();
        return files.events.evaluations().stream()
                .filter(done -> StudentRanking.counts(done) && done.getStep() <= head)
                .map(done -> done.toBuilder().clearExamples().build())
                .toList();
    }

    /** The students that are kept, the best first. */
    private Stream<BestStudent> best() {
        int most = job.getCheckpoints().getKeepBest();
        return most == 0 ? Stream.empty() : StudentRanking.of(job, evaluations()).best(most).stream();
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
        Optional<BestStudent> best = best().findFirst();
        return CompletableFuture.supplyAsync(() -> export(checkpoint, best), slow);
    }

    private List<String> export(Path checkpoint, Optional<BestStudent> best) {
        Job made = RunCheckpoint.Header.read(checkpoint).job();
        int size = made.getViews().getSize();
        List<String> written = new ArrayList<>(export(StudentExport.Source.student(checkpoint), PastRun.EXPORTS, size));
        if (made.getOptimization().getEmaDecay() > 0) {
            written.addAll(export(StudentExport.Source.average(checkpoint), PastRun.AVERAGE_EXPORTS, size));
        }
        best.flatMap(student -> files.checkpoints.of(student.getStep()).map(file -> source(student, file)))
                .ifPresent(source -> written.addAll(export(source, PastRun.BEST_EXPORTS, size)));
        return written;
    }

    private static StudentExport.Source source(BestStudent student, Path checkpoint) {
        return student.getSubject().equals(StudentRanking.AVERAGE)
                ? StudentExport.Source.average(checkpoint)
                : StudentExport.Source.student(checkpoint);
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
        Job job = JobFile.read(files.folder.resolve(JobFile.NAME));
        Dataset data = DataSource.evaluation(job).orElse(job.getDataset());
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
        files.close();
    }
}
