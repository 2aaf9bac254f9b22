package org.simreg.coordinator.control;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.LedgerWriter;
import org.simreg.proto.BestStudent;
import org.simreg.proto.JobFinished;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;

/** The finisher of jobs whose steps are all done: exports, then the report, then SUCCEEDED. */
final class JobFinisher {
    private final Executor executor;
    private final WorkerRegistry registry;
    private final JobGuard guard;

    JobFinisher(Executor executor, WorkerRegistry registry, JobGuard guard) {
        this.executor = executor;
        this.registry = registry;
        this.guard = guard;
    }

    /** Lets the workers go and begins the exports of the last checkpoint, on another thread. */
    void begin(JobRun run) {
        LedgerWriter ledger = run.ledger();
        ledger.append(ledger.lastStep(), false);
        long synced = ledger.step();
        guard.afterwards(run, ledger.syncLater(), () -> {
            ledger.durable(synced);
            export(run);
        });
    }

    private void export(JobRun run) {
        registry.of(run).forEach(session -> session.drop(run, "all steps are done"));
        run.finishing(true);
        run.reason("the exports are being written");
        run.files()
                .export()
                .whenCompleteAsync((files, failure) -> guard.with(run, () -> exported(run, files, failure)), executor);
    }

    private void exported(JobRun run, List<String> files, Throwable failure) {
        if (!run.finishing()) {
            return;
        }
        if (failure != null) {
            throw unwrapped(failure);
        }
        long worked = run.now() - run.record().getSubmittedMs() - run.waited();
        JobFinished.Builder finished = JobFinished.newBuilder()
                .setStep(run.ledger().step())
                .setSha256(run.record().getSha256())
                .setSeconds(worked / 1e3)
                .addAllExports(files);
        Optional<BestStudent> best = run.ledger().ranking().best();
        best.ifPresent(finished::setBest);
        boolean keeps = run.record().getJob().getCheckpoints().getKeepBest() > 0;
        if (keeps && best.isPresent() && files.stream().noneMatch(file -> file.startsWith("student-best/"))) {
            run.notice("The best student, of epoch %d, is not exported: the checkpoint of step %d is gone or damaged"
                    .formatted(best.get().getEpoch(), best.get().getStep()));
        }
        run.emit(Progress.newBuilder().setFinished(finished));
        run.files()
                .report()
                .whenCompleteAsync((done, trouble) -> guard.with(run, () -> reported(run, trouble)), executor);
    }

    /** A student without its report is still the student. */
    private void reported(JobRun run, Throwable trouble) {
        if (!run.finishing()) {
            return;
        }
        if (trouble != null) {
            run.notice("The report can't be written: " + unwrapped(trouble).getMessage());
        }
        guard.become(run, JobState.SUCCEEDED, reason(run));
    }

    private static String reason(JobRun run) {
        long step = run.ledger().step();
        Optional<BestStudent> best = run.ledger().ranking().best();
        if (step >= run.record().getStarted().getTotalSteps() || best.isEmpty()) {
            return "all %d steps are done".formatted(step);
        }
        return "stopped after step %d: the accuracy hasn't risen for %d evaluations since epoch %d"
                .formatted(
                        step,
                        run.record().getJob().getEvaluation().getPatience(),
                        best.get().getEpoch());
    }

    private static RuntimeException unwrapped(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof RuntimeException runtime
                ? runtime
                : new IllegalStateException("exports or report failed", cause);
    }
}
