package org.simreg.coordinator.control;

import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.simreg.coordinator.job.JobRun;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;

/** The end of a job whose steps are all done: exports and report, and then it has succeeded. */
final class JobFinisher {
    private final Executor executor;
    private final WorkerRegistry attendance;
    private final JobGuard guard;

    JobFinisher(Executor executor, WorkerRegistry attendance, JobGuard guard) {
        this.executor = executor;
        this.attendance = attendance;
        this.guard = guard;
    }

    /** The workers are let go; what is left is done from the last checkpoint, on another thread. */
    void begin(JobRun run) {
        run.advance().append(run.record().getStarted().getTotalSteps(), false);
        run.advance().sync();
        attendance.at(run).forEach(one -> WorkerRegistry.drop(one, run, "all steps are done"));
        run.finishing(true);
        run.reason("the exports are being written");
        run.files()
                .export()
                .whenCompleteAsync(
                        (files, failure) -> guard.with(run, () -> exported(run, files, failure)),
                        executor);
    }

    private void exported(JobRun run, List<String> files, Throwable failure) {
        if (!run.finishing()) {
            return;
        }
        if (failure != null) {
            throw unwrapped(failure);
        }
        long worked = run.now() - run.record().getSubmittedMs() - run.waited();
        run.emit(
                Progress.newBuilder()
                        .setFinished(
                                JobFinished.newBuilder()
                                        .setStep(run.advance().ledger())
                                        .setSha256(run.record().getSha256())
                                        .setSeconds(worked / 1e3)
                                        .addAllExports(files)));
        run.files()
                .report()
                .whenCompleteAsync(
                        (done, trouble) -> guard.with(run, () -> reported(run, trouble)), executor);
    }

    /** A student without its report is still the student. */
    private void reported(JobRun run, Throwable trouble) {
        if (!run.finishing()) {
            return;
        }
        if (trouble != null) {
            run.notice("The report can't be written: " + unwrapped(trouble).getMessage());
        }
        run.become(JobState.SUCCEEDED, "all " + run.advance().ledger() + " steps are done");
    }

    private static RuntimeException unwrapped(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        return cause instanceof RuntimeException runtime
                ? runtime
                : new IllegalStateException("exports or report failed", cause);
    }
}
