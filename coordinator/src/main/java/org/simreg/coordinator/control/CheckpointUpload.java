package org.simreg.coordinator.control;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.LedgerWriter;
import org.simreg.coordinator.job.RunFiles.FilesUnavailable;
import org.simreg.coordinator.job.RunFiles.Upload;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Shortage;

/**
 * A checkpoint that a worker uploads, and whether it may be stored: only the current generation's
 * comes into the catalogue. Whether it is whole is checked where it is written.
 */
final class CheckpointUpload implements Upload {
    private final JobRun run;
    private final CheckpointHeader header;
    private final JobGuard guard;
    private final CoordinatorSettings settings;
    private final Upload file;

    /**
     * @throws Refused if its generation is not the job's current one
     */
    CheckpointUpload(JobRun run, CheckpointHeader header, JobGuard guard, CoordinatorSettings settings) {
        this.run = run;
        this.guard = guard;
        this.header = header;
        this.settings = settings;
        check();
        this.file = run.files().receive(header);
    }

    private void check() {
        long current = run.record().getGeneration().getNumber();
        boolean live = run.phase() instanceof Phase.Training || run.phase() instanceof Phase.Halting;
        if (!run.active() || run.finishing() || !live || header.getGeneration() != current) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The checkpoint of step %d of the job %s is not stored: it is of generation %d, and the job's is %d or has ended"
                            .formatted(header.getStep(), run.id(), header.getGeneration(), current));
        }
    }

    @Override
    public void write(ByteBuffer part) {
        tell(() -> file.write(part));
    }

    @Override
    public void finish() {
        tell(file::finish);
    }

    private void tell(Runnable writing) {
        try {
            writing.run();
        } catch (UserError e) {
            settings.executor().execute(() -> stop(e));
            throw e;
        }
    }

    /** Steps whose states can't be kept are not worth computing; where they may be later, the worker tries again. */
    private void stop(UserError trouble) {
        boolean later = settings.times().room() > 0 && Shortage.in(trouble).isPresent();
        if (run.active() && !later) {
            guard.fail(run, trouble.getMessage(), false);
        }
    }

    /**
     * Its steps are brought into the ledger before: otherwise a crash could leave a checkpoint of
     * which the ledger knows nothing. If some of them are not reported yet, the ledger stays as it
     * is. Steps that not all members have reported come into it with the checkpoint. While the
     * disk is waited for, so does what else is to be done for the job.
     */
    @Override
    public CompletionStage<CheckpointWritten> store() {
        run.files();
        CompletableFuture<CheckpointWritten> answer = run.stall().promised();
        guard.with(run, () -> answered(answer, () -> bring(answer)));
        return answer;
    }

    private void bring(CompletableFuture<CheckpointWritten> answer) {
        check();
        LedgerWriter ledger = run.ledger();
        if (ledger.reported() < header.getStep()) {
            throw new Refused(
                    Refused.Kind.UNAVAILABLE,
                    "The checkpoint of step %d of the job %s is not stored: the steps after %d are not reported yet; send it again when they are"
                            .formatted(header.getStep(), run.id(), ledger.reported()));
        }
        ledger.append(header.getStep(), false);
        long synced = ledger.step();
        after(ledger.syncLater(), answer, done -> {
            ledger.durable(synced);
            check();
            after(file.store(), answer, written -> {
                ledger.refreshCheckpoint();
                run.emit(Progress.newBuilder().setCheckpoint(written));
                answer.complete(written);
            });
        });
    }

    /** What is done once the files are; if they fail, so does the job, or it waits for room, and looks at them anew. */
    private <T> void after(CompletionStage<T> files, CompletableFuture<CheckpointWritten> answer, Consumer<T> action) {
        CompletableFuture<T> done = files.toCompletableFuture();
        done.exceptionally(failure -> {
            answer.completeExceptionally(failure);
            return null;
        });
        guard.afterwards(run, done, () -> answered(answer, () -> action.accept(done.join())));
    }

    /** Of what fails the worker hears; that the job has no use for the checkpoint is no failure of the job. */
    private static void answered(CompletableFuture<CheckpointWritten> answer, Runnable action) {
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            answer.completeExceptionally(e);
            if (!(e instanceof Refused) || e instanceof FilesUnavailable) {
                throw e;
            }
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
