package org.simreg.coordinator.run.folder;

import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.file.JobFile;
import org.simreg.coordinator.run.log.EventLog;
import org.simreg.coordinator.run.log.Ledger;
import org.simreg.coordinator.store.FolderLock;
import org.simreg.proto.Continued;
import org.simreg.proto.Dataset;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobSettings;
import org.simreg.proto.LedgerEntry.Rewind;
import org.simreg.proto.Notice;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.OwnFolder;
import org.simreg.worker.train.student.ResumeCheck;
import org.simreg.worker.train.student.RunCheckpoint;

/**
 * The run folders of all jobs, on a disk. Exports and reports are written one after the other; those whose storage gives no
 * answer hold up no other job's.
 */
public final class DiskRunFolders implements RunFiles.JobFolders {
    private static final String WHAT = "run folder";

    private final ReportWriter reports;

    /** One at a time, because an export holds a whole student's weights in memory. */
    private final WatchedPool slow;

    /** The writer of {@value PastRun#REPORT}, from the files of a run folder. */
    @FunctionalInterface
    public interface ReportWriter {
        /**
         * Writes the report of a run, in place of an earlier one.
         *
         * @param folder of the run
         * @param shown evaluation whose examples are shown; empty if none has any
         * @param data the data set that the examples are of
         * @throws UserError if it can't be written
         */
        void write(Path folder, Optional<EvaluationDone> shown, Dataset data);
    }

    /**
     * None is open yet.
     *
     * @param reports called on another thread, for one run after the other
     */
    public DiskRunFolders(ReportWriter reports) {
        this(reports, WatchedPool.PATIENCE);
    }

    /**
     * @param patience after which an export or report that shows no progress holds up no other
     */
    DiskRunFolders(ReportWriter reports, Duration patience) {
        this.reports = reports;
        slow = WatchedPool.uninterrupted("simreg-export", 1, patience);
    }

    @Override
    public RunFiles create(JobRecord record, Existing existing) {
        Path folder = Path.of(record.getFolder());
        boolean same = existing == Existing.REFUSE && PastRun.mayBeBeginning(folder, record.getJob());
        if (existing == Existing.REFUSE && !same) {
            refuseOccupied(folder);
        } else if (existing == Existing.RESUME) {
            PastRun.require(folder);
        }
        FolderLock lock = FolderLock.take(folder, WHAT, DiskRunFolders::taken);
        return guarded(lock, () -> {
            PastRun.refuseLinks(folder);
            if (existing == Existing.RESUME) {
                return resume(record, lock);
            }
            boolean left = same && PastRun.isBeginning(folder, record.getJob());
            if (existing == Existing.REFUSE && !left) {
                refuseOccupied(folder);
            }
            if (left || existing == Existing.OVERWRITE) {
                PastRun.clear(folder);
            }
            return begin(record, lock);
        });
    }

    private RunFolder begin(JobRecord record, FolderLock lock) {
        PastRun.clearDrafts(Path.of(record.getFolder()));
        writeSettings(record);
        RunFolder.OpenFiles files = openFiles(record, lock);
        return opened(files, () -> {
            files.events().follow(0);
            return runFolder(files, record);
        });
    }

    private static void writeSettings(JobRecord record) {
        byte[] settings = JobFile.yaml(record.getJob()).getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(
                Path.of(record.getFolder(), JobFile.NAME),
                channel -> Channels.newOutputStream(channel).write(settings));
    }

    private static void refuseOccupied(Path folder) {
        Optional<String> occupant = PastRun.occupant(folder);
        if (occupant.isPresent()) {
            throw taken(occupant.get());
        }
    }

    private static Refused taken(String sentence) {
        return new Refused(Refused.Kind.EXISTS, sentence);
    }

    private RunFolder resume(JobRecord record, FolderLock lock) {
        RunFolder.OpenFiles files = openFiles(record, lock);
        return opened(files, () -> {
            List<String> damaged = files.checkpoints().setDamagedAside();
            Optional<Path> newest = files.checkpoints().newest(Long.MAX_VALUE);
            requireSame(record, newest);
            if (files.ledger().isEmpty()) {
                files.ledger().rewind(firstEntry(record, newest), System.currentTimeMillis());
            }
            Optional<Rewind> continued = newest.flatMap(file -> continued(record, files.ledger(), file));
            continued.ifPresent(entry -> {
                files.ledger().rewind(entry, System.currentTimeMillis());
                files.checkpoints().rewind(entry.getStep());
                writeSettings(record);
            });
            files.events().rewind(files.ledger().head().step());
            damaged.forEach(sentence -> files.events()
                    .append(notice(sentence), files.ledger().head().step()));
            continued.ifPresent(entry -> files.events().append(notice(entry.getReason()), entry.getStep()));
            return runFolder(files, record);
        });
    }

    private static Progress notice(String sentence) {
        return Progress.newBuilder()
                .setNotice(Notice.newBuilder().setText(sentence))
                .setTimeMs(System.currentTimeMillis())
                .build();
    }

    private static RunFolder opened(RunFolder.OpenFiles files, Supplier<RunFolder> opening) {
        try {
            return opening.get();
        } catch (RuntimeException e) {
            files.closeFiles();
            throw e;
        }
    }

    private static void requireSame(JobRecord record, Optional<Path> newest) {
        Path settings = Path.of(record.getFolder(), JobFile.NAME);
        Path file = newest.orElse(settings);
        Job made = newest.map(
                        checkpoint -> RunCheckpoint.Header.read(checkpoint).job())
                .orElseGet(() -> JobSettings.complete(JobFile.read(settings)));
        ResumeCheck.sameJob(file, made, record.getJob());
    }

    /** The ledger's entry where a run goes on with more epochs than its folder says: it is another job from there. */
    private static Optional<Rewind> continued(JobRecord record, Ledger ledger, Path checkpoint) {
        Continued before =
                JobFile.read(Path.of(record.getFolder(), JobFile.NAME)).getContinued();
        Continued now = record.getJob().getContinued();
        if (now.getEpochsCount() <= before.getEpochsCount()) {
            return Optional.empty();
        }
        return Optional.of(Rewind.newBuilder()
                .setGeneration(ledger.head().generation() + 1)
                .setStep(RunCheckpoint.stepOf(checkpoint))
                .setReason(ResumeCheck.continuation(record.getJob()))
                .setChanged(true)
                .build());
    }

    /** The first ledger entry of a run from before there were ledgers. */
    private static Rewind firstEntry(JobRecord record, Optional<Path> newest) {
        Path file = newest.orElseThrow(
                () -> new UserError("There is no checkpoint in %s to resume from; start anew with --overwrite"
                        .formatted(record.getFolder())));
        return Rewind.newBuilder()
                .setGeneration(record.getGeneration().getNumber() + 1)
                .setStep(RunCheckpoint.stepOf(file))
                .setReason("The run was begun without a ledger and continues from a checkpoint")
                .build();
    }

    @Override
    public RunFiles open(JobRecord record) {
        Path folder = Path.of(record.getFolder());
        if (!Files.isDirectory(folder)) {
            throw new UserError("The run folder %s of job %s is gone; put it back, or submit the job again"
                    .formatted(folder, record.getId()));
        }
        FolderLock lock = FolderLock.take(folder, WHAT);
        return guarded(lock, () -> {
            PastRun.refuseLinks(folder);
            RunFolder.OpenFiles files = openFiles(record, lock);
            return opened(files, () -> runFolder(files, record));
        });
    }

    @Override
    public Optional<String> trouble() {
        return slow.trouble();
    }

    /** The folder of files that are durable as they are opened. */
    private RunFolder runFolder(RunFolder.OpenFiles files, JobRecord record) {
        files.sync();
        return new RunFolder(files, record.getJob(), reports, slow);
    }

    /**
     * Writes the files anew of a run that was left: what the disk has failed to keep, or was not asked to, the operating
     * system may have in memory and take for written. Only what is on the disk may be acknowledged.
     */
    private static void renew(Path folder) {
        for (String name : List.of(EventLog.NAME, Ledger.NAME)) {
            Path file = folder.resolve(name);
            if (OwnFolder.isFile(file)) {
                AtomicFile.write(file, channel -> Files.copy(file, Channels.newOutputStream(channel)));
            }
        }
    }

    private static RunFolder guarded(FolderLock lock, Supplier<RunFolder> opening) {
        try {
            return opening.get();
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private RunFolder.OpenFiles openFiles(JobRecord record, FolderLock lock) {
        Path folder = Path.of(record.getFolder());
        if (lock.wasLeft()) {
            renew(folder);
        }
        int keep = Math.max(1, record.getJob().getCheckpoints().getKeep());
        CheckpointCatalog checkpoints = new CheckpointCatalog(folder, record.getId(), keep);
        checkpoints.clear();
        RunEvents events = RunEvents.open(folder);
        try {
            return new RunFolder.OpenFiles(folder, lock, events, Ledger.open(folder), checkpoints);
        } catch (RuntimeException e) {
            events.close();
            throw e;
        }
    }
}
