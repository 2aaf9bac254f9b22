package org.simreg.coordinator.control;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.coordinator.job.RunFiles.FilesUnavailable;
import org.simreg.proto.JobState;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Shortage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/** The guard around work on one job: if that fails, the job fails and no other. */
final class JobGuard {
    private static final Logger LOG = LoggerFactory.getLogger(JobGuard.class);

    /** After which one whose end can't be recorded is tried again, in milliseconds. */
    private static final long AGAIN_MS = 1000;

    /** After which files that are being made durable are taken to hang, in milliseconds. */
    private static final long HANG_MS = 15_000;

    /** How long the end of a job that fails waits for its files to be durable, in milliseconds. */
    private static final long FAILING_MS = 2000;

    /** How long a start waits for run folders, in milliseconds. */
    private static final long OPENING_MS = 3000;

    private final WorkerRegistry registry;
    private final Executor executor;
    private final Map<JobRun, String> unrecorded = new HashMap<>();

    /**
     * @param executor runs tasks on the coordinator's thread
     */
    JobGuard(WorkerRegistry registry, Executor executor) {
        this.registry = registry;
        this.executor = executor;
    }

    /**
     * Does something for a job; if it can't be done, the job fails. Whatever is thrown, this
     * returns: the next job gets its turn. Nothing is done for a job that is left alone.
     */
    void with(JobRun run, Runnable action) {
        if (run.stall().waits()) {
            run.stall().later(() -> with(run, action));
        } else if (run.stall().able()) {
            now(run, action);
        }
    }

    private void now(JobRun run, Runnable action) {
        Map<String, String> before = MDC.getCopyOfContextMap();
        MDC.put("job", run.id());
        MDC.put("generation", String.valueOf(run.record().getGeneration().getNumber()));
        try {
            action.run();
        } catch (FilesUnavailable e) {
            run.suspend(e);
        } catch (RuntimeException | Error e) {
            if (Shortage.in(e).filter(run::awaitRoom).isEmpty()) {
                fail(run, reason(run, e), false);
            }
        } finally {
            MDC.setContextMap(before == null ? Map.of() : before);
        }
    }

    private static String reason(JobRun run, Throwable failure) {
        if (failure instanceof UserError) {
            return failure.getMessage();
        }
        LOG.error("The job {} can't go on", run.id(), failure);
        return "The coordinator failed at the job %s: %s".formatted(run.id(), failure);
    }

    /** Most folders answer at once; the others' jobs go on when they do. */
    static void awaitMost(Collection<CompletableFuture<RunFiles>> opening) {
        try {
            CompletableFuture.allOf(opening.toArray(CompletableFuture[]::new)).get(OPENING_MS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException e) {
            LOG.debug("Not all run folders could be opened", e);
        }
    }

    /** The files of a job are open, or can't be opened; then it fails. */
    void opened(JobRun run, CompletableFuture<RunFiles> opening, Runnable then) {
        run.stall().end();
        if (!run.active()) {
            opening.thenAccept(RunFiles::close);
            return;
        }
        with(run, () -> {
            run.files(joined(opening));
            run.ledger();
            then.run();
        });
        run.pumpWatches();
    }

    /**
     * Does something for a job once its files are durable; what else is to be done for it waits
     * until then.
     */
    void afterwards(JobRun run, CompletionStage<?> durable, Runnable action) {
        CompletableFuture<?> done = durable.toCompletableFuture();
        if (done.isDone()) {
            with(run, () -> {
                joined(done);
                action.run();
            });
            return;
        }
        run.stall().await(done);
        done.whenCompleteAsync(
                (nothing, failure) -> {
                    if (run.stall().waitsFor(done)) {
                        List<Runnable> waited = run.stall().ready();
                        with(run, () -> {
                            joined(done);
                            action.run();
                        });
                        waited.forEach(Runnable::run);
                    }
                },
                executor);
    }

    /** What a finished task gives, or throws. */
    static <T> T joined(CompletableFuture<T> done) {
        try {
            return done.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /** Tries again what couldn't be recorded or lacked room, and finds files that hang. */
    void tick(JobRun run) {
        run.suspendAfter(HANG_MS);
        run.stall().endPauseIfOver();
        if (unrecorded.containsKey(run) && run.stall().milliseconds() >= AGAIN_MS) {
            record(run, unrecorded.get(run));
        }
    }

    /**
     * Ends a job that is left alone, as somebody has asked for.
     *
     * @param what has been done: "cancelled"
     */
    void endStalled(JobRun run, JobState state, String what) {
        run.becomeWithoutFolder(
                state, what + " while it could not go on: " + run.stall().why());
        unrecorded.remove(run);
        dropWorkers(run, "the job is " + what);
    }

    /**
     * Ends a job. Nothing is thrown; if its end can't be recorded it is left alone, and tried again.
     *
     * @param refused whether its own settings or files are at fault
     */
    void fail(JobRun run, String reason, boolean refused) {
        dropWorkers(run, reason);
        try {
            if (refused) {
                run.save(run.record().toBuilder().setRefused(true));
            }
            run.announce(JobState.FAILED, reason);
            CompletableFuture<Optional<Throwable>> durable = run.files()
                    .syncLater()
                    .toCompletableFuture()
                    .copy()
                    .orTimeout(FAILING_MS, TimeUnit.MILLISECONDS)
                    .handle((done, failure) -> Optional.ofNullable(failure));
            afterwards(run, durable, () -> failed(run, reason, durable.join()));
        } catch (RuntimeException | Error e) {
            failed(run, reason, Optional.of(e));
        }
    }

    /** Its folder may be what failed, as on a full disk: the record at least must tell. */
    private void failed(JobRun run, String reason, Optional<Throwable> trouble) {
        try {
            if (trouble.isEmpty()) {
                run.become(JobState.FAILED, reason);
                return;
            }
            LOG.error("The end of the job {} can't be written to its folder", run.id(), trouble.get());
        } catch (RuntimeException | Error e) {
            LOG.error("The end of the job {} can't be kept", run.id(), e);
        }
        record(run, reason);
    }

    /** Moves a job to a state in which it doesn't train as soon as its files are durable. */
    void become(JobRun run, JobState state, String why) {
        run.announce(state, why);
        afterwards(run, run.files().syncLater(), () -> run.become(state, why));
    }

    private void record(JobRun run, String reason) {
        try {
            run.becomeWithoutFolder(JobState.FAILED, reason);
            unrecorded.remove(run);
        } catch (RuntimeException | Error e) {
            LOG.error("The end of the job {} can't be recorded", run.id(), e);
            unrecorded.put(run, reason);
            run.stall().begin("has failed, which can't be recorded (%s): %s".formatted(e.getMessage(), reason));
        }
    }

    /** Has the workers of a job give it up. */
    void dropWorkers(JobRun run, String reason) {
        for (WorkerSession session : registry.of(run)) {
            try {
                session.drop(run, reason);
            } catch (RuntimeException e) {
                LOG.error("The worker {} can't be told to give up {}", session.name(), run.id(), e);
            }
        }
    }
}
