package org.simreg.coordinator.run.folder;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.RunFiles.FilesUnavailable;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRecord;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;
import org.simreg.proto.SubmitRequest.Existing;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A decorator of run folders that reads and writes their files on other threads ({@code simreg-folders}), for each
 * folder on one at a time, with time limits: the caller waits up to 2 s for an answer. It doesn't wait while a folder is
 * made or opened, for {@code syncLater} and the storing of a checkpoint; {@code head} and {@code nextSequence} are
 * remembered; parts of an upload are written on the caller's thread. A folder that doesn't answer in time holds up
 * nothing but its own thread.
 */
public final class TimedRunFolders implements RunFiles.JobFolders {
    /** Far longer than a disk at work takes; workers are not lost over it. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** While one folder hangs, others on the same storage may: together they must not add up. */
    private static final Duration LITTLE_PATIENCE = Duration.ofMillis(250);

    /** To open a folder takes longer. */
    private static final Duration OPENING = Duration.ofSeconds(5);

    /** Of a run that goes on a checkpoint of gigabytes is read. Whether the folder answers is known by then. */
    private static final Duration CREATING = Duration.ofSeconds(60);

    /** A report shows pictures of the data set, which may be away. */
    private static final Duration REPORTING = Duration.ofSeconds(60);

    private static final Logger LOG = LoggerFactory.getLogger(TimedRunFolders.class);

    private final RunFiles.JobFolders folders;
    private final Duration patience;
    private final Duration reporting;
    private final Executor threads = NamedThreads.asNeeded("simreg-folders");
    private final AtomicInteger hanging = new AtomicInteger();

    /** What took longer to open than somebody has waited, for who asks next. */
    private final Map<Path, CompletableFuture<RunFiles>> late = new ConcurrentHashMap<>();

    public TimedRunFolders(RunFiles.JobFolders folders) {
        this(folders, PATIENCE);
    }

    /**
     * @param patience how long who calls waits
     */
    public TimedRunFolders(RunFiles.JobFolders folders, Duration patience) {
        this(folders, patience, REPORTING);
    }

    /**
     * @param patience how long who calls waits
     * @param reporting how long a job waits for its report
     */
    TimedRunFolders(RunFiles.JobFolders folders, Duration patience, Duration reporting) {
        this.folders = folders;
        this.patience = patience;
        this.reporting = reporting;
    }

    @Override
    public RunFiles create(JobRecord record, Existing existing) {
        return new TimedFiles(Path.of(record.getFolder()), folders.create(record, existing));
    }

    @Override
    public RunFiles open(JobRecord record) {
        return new TimedFiles(Path.of(record.getFolder()), folders.open(record));
    }

    /** What is made too late is closed again. */
    @Override
    public CompletionStage<RunFiles> createLater(JobRecord record, Existing existing, Runnable check) {
        CompletableFuture<RunFiles> making = CompletableFuture.supplyAsync(
                () -> {
                    check.run();
                    return create(record, existing);
                },
                threads);
        Path folder = Path.of(record.getFolder());
        return inTime(folder, making, CREATING, () -> making.thenAcceptAsync(RunFiles::close, threads));
    }

    @Override
    public CompletionStage<RunFiles> openInTime(JobRecord record) {
        Path folder = Path.of(record.getFolder());
        CompletableFuture<RunFiles> opening = opening(folder, record);
        return inTime(folder, opening, OPENING, () -> {
            late.put(folder, opening);
            return opening;
        });
    }

    @Override
    public Optional<String> trouble() {
        return folders.trouble();
    }

    private CompletableFuture<RunFiles> opening(Path folder, JobRecord record) {
        CompletableFuture<RunFiles> before = late.remove(folder);
        return before != null && !before.isCompletedExceptionally()
                ? before
                : CompletableFuture.supplyAsync(() -> open(record), threads);
    }

    /**
     * @param end asked for, when it takes too long, what ends with it
     */
    private CompletionStage<RunFiles> inTime(
            Path folder, CompletableFuture<RunFiles> work, Duration most, Supplier<CompletionStage<?>> end) {
        return work.copy().orTimeout(most.toNanos(), TimeUnit.NANOSECONDS).exceptionallyCompose(failure -> {
            if (failure instanceof TimeoutException) {
                hangs(work);
                return CompletableFuture.failedFuture(FilesUnavailable.hang(folder, end.get()));
            }
            return CompletableFuture.failedFuture(failure);
        });
    }

    private void hangs(CompletableFuture<?> work) {
        hanging.incrementAndGet();
        work.whenComplete((done, failure) -> hanging.decrementAndGet());
    }

    @Override
    public CompletionStage<RunFiles> openLater(JobRecord record) {
        return opening(Path.of(record.getFolder()), record);
    }

    private <T> T awaited(Path folder, CompletableFuture<T> work, Duration most) {
        try {
            return work.get(most.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            hangs(work);
            throw FilesUnavailable.hang(folder, work);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException("The files of " + folder + " failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw FilesUnavailable.hang(folder, work);
        }
    }

    private Duration shorter() {
        return LITTLE_PATIENCE.compareTo(patience) < 0 ? LITTLE_PATIENCE : patience;
    }

    /** The files of one folder. */
    private final class TimedFiles implements RunFiles {
        private final Path folder;
        private final RunFiles files;
        private CompletableFuture<?> last = CompletableFuture.completedFuture(null);
        private Consumer<FilesUnavailable> listener = hang -> {};
        private volatile LedgerHead head;
        private volatile long next;

        TimedFiles(Path folder, RunFiles files) {
            this.folder = folder;
            this.files = files;
            note();
        }

        private void note() {
            head = files.head();
            next = files.nextSequence();
        }

        private synchronized <T> CompletableFuture<T> later(Supplier<T> work) {
            CompletableFuture<T> done = last.handleAsync(
                    (before, failure) -> {
                        try {
                            return work.get();
                        } finally {
                            note();
                        }
                    },
                    threads);
            last = done;
            return done;
        }

        private <T> T call(Supplier<T> work) {
            try {
                return awaited(folder, later(work), hanging.get() > 0 ? shorter() : patience);
            } catch (FilesUnavailable e) {
                listener.accept(e);
                throw e;
            }
        }

        private void run(Runnable work) {
            call(() -> {
                work.run();
                return null;
            });
        }

        @Override
        public void whenHung(Consumer<FilesUnavailable> told) {
            listener = told;
        }

        @Override
        public long append(Progress event) {
            return call(() -> files.append(event));
        }

        @Override
        public long nextSequence() {
            return next;
        }

        @Override
        public List<JobEvent> read(long from, int most) {
            return call(() -> files.read(from, most));
        }

        @Override
        public LedgerHead head() {
            return head;
        }

        @Override
        public void commit(LedgerEntry.Commit commit, StepDone step) {
            run(() -> files.commit(commit, step));
        }

        @Override
        public void rewind(LedgerEntry.Rewind rewind) {
            run(() -> files.rewind(rewind));
        }

        @Override
        public EpochSum sum(int epoch) {
            return call(() -> files.sum(epoch));
        }

        @Override
        public List<EvaluationDone> evaluations() {
            return call(files::evaluations);
        }

        @Override
        public void sync() {
            run(files::sync);
        }

        @Override
        public CompletionStage<Void> syncLater() {
            return later(() -> {
                files.sync();
                return null;
            });
        }

        @Override
        public OptionalLong newestCheckpoint(long most) {
            return call(() -> files.newestCheckpoint(most));
        }

        @Override
        public Upload receive(CheckpointHeader header) {
            Upload upload = call(() -> files.receive(header));
            return new Upload() {
                @Override
                public void write(ByteBuffer part) {
                    upload.write(part);
                }

                @Override
                public void finish() {
                    upload.finish();
                }

                @Override
                public CompletionStage<CheckpointWritten> store() {
                    return later(upload::store).thenCompose(stored -> stored);
                }

                @Override
                public void close() {
                    upload.close();
                }
            };
        }

        @Override
        public Download checkpoint(long step) {
            return call(() -> files.checkpoint(step));
        }

        @Override
        public CompletionStage<List<String>> export() {
            return call(files::export);
        }

        @Override
        public CompletionStage<Void> report() {
            CompletableFuture<Void> report = call(files::report).toCompletableFuture();
            return report.copy()
                    .orTimeout(reporting.toNanos(), TimeUnit.NANOSECONDS)
                    .exceptionallyCompose(failure -> {
                        if (failure instanceof TimeoutException) {
                            hangs(report);
                            return CompletableFuture.failedFuture(
                                    new UserError("the storage of its pictures, or its own, gives no answer for %d s"
                                            .formatted(reporting.toSeconds())));
                        }
                        return CompletableFuture.failedFuture(failure);
                    });
        }

        @Override
        public void close() {
            CompletableFuture<?> closing;
            synchronized (this) {
                closing = last.handleAsync(
                        (before, failure) -> {
                            files.close();
                            return null;
                        },
                        threads);
                last = closing;
            }
            try {
                awaited(folder, closing, patience);
            } catch (FilesUnavailable e) {
                LOG.warn("{} is given back when it answers", folder);
            }
        }
    }
}
