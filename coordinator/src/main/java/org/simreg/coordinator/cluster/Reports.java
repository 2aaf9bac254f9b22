package org.simreg.coordinator.cluster;

import java.util.Optional;
import org.simreg.coordinator.schedule.Phase;
import org.simreg.coordinator.schedule.Stand;
import org.simreg.proto.Committed;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Halted;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Measured;
import org.simreg.proto.Progress;
import org.simreg.proto.Ready;
import org.simreg.proto.Report;
import org.simreg.proto.Trained;

/**
 * The handler of what workers report about the job they are at; what is said about any other is of
 * the past.
 */
final class Reports {
    private final Attendance attendance;
    private final Guard guard;
    private final Steering steering;

    Reports(Attendance attendance, Guard guard, Steering steering) {
        this.attendance = attendance;
        this.guard = guard;
        this.steering = steering;
    }

    /** Takes a report about the job that the worker is at. */
    void take(Attendant from, Run run, Report report) {
        if (!run.active() || run.finishing()) {
            return;
        }
        switch (report.getReportCase()) {
            case READY -> ready(from, run, report.getReady());
            case COMMITTED -> committed(from, run, report.getCommitted());
            case HALTED -> halted(from, run, report.getHalted());
            case MEASURED -> measured(run, report.getMeasured());
            case TOLD -> run.notice(report.getTold().getText());
            case TRAINED -> trained(run, report.getTrained());
            case FAILED -> failed(from, run, report.getFailed());
            default -> {}
        }
    }

    /** The job that a report is about; empty if about none. */
    static String job(Report report) {
        return switch (report.getReportCase()) {
            case READY -> report.getReady().getJob();
            case COMMITTED -> report.getCommitted().getJob();
            case HALTED -> report.getHalted().getJob();
            case MEASURED -> report.getMeasured().getJob();
            case TOLD -> report.getTold().getJob();
            case TRAINED -> report.getTrained().getJob();
            case FAILED -> report.getFailed().getJob();
            default -> "";
        };
    }

    private void ready(Attendant from, Run run, Ready ready) {
        if (!(from.state() instanceof Stand.Preparing) || ready.getAttempt() != from.attempt()) {
            return;
        }
        JobRecord record = run.record();
        if (!record.hasStarted()) {
            JobStarted started =
                    ready.getStarted().toBuilder().setResumedStep(run.advance().ledger()).build();
            run.save(record.toBuilder().setStarted(started).setDataSha256(ready.getDataSha256()));
            run.emit(Progress.newBuilder().setStarted(started));
        }
        Optional<String> differs = differs(run.record(), ready);
        if (differs.isPresent()) {
            exclude(from, run, differs.get());
        } else {
            from.state(new Stand.Ready(), run.now());
        }
    }

    private static Optional<String> differs(JobRecord record, Ready ready) {
        if (!record.getDataSha256().equals(ready.getDataSha256())) {
            return Optional.of(
                    "it sees other images (SHA-256 of their list %s) than the job began with (%s)"
                            .formatted(ready.getDataSha256(), record.getDataSha256()));
        }
        long steps = ready.getStarted().getTotalSteps();
        return steps == record.getStarted().getTotalSteps()
                ? Optional.empty()
                : Optional.of(
                        "it counts %d steps, the job has %d"
                                .formatted(steps, record.getStarted().getTotalSteps()));
    }

    private void exclude(Attendant from, Run run, String reason) {
        run.failures().exclude(from.key(), reason);
        run.notice("The worker %s is not used: %s".formatted(from.name(), reason));
        Attendance.drop(from, run, reason);
    }

    private void committed(Attendant from, Run run, Committed committed) {
        from.commits(committed.getGeneration(), committed.getStep().getStep());
        run.advance()
                .report(from.name(), committed)
                .ifPresent(differs -> guard.fail(run, differs, false));
    }

    private void halted(Attendant from, Run run, Halted halted) {
        if (!from.trains(halted.getGeneration())) {
            return;
        }
        from.state(
                new Stand.Holding(halted.getGeneration(), halted.getCommitted(), true), run.now());
        boolean current = halted.getGeneration() == run.record().getGeneration().getNumber();
        if (current && run.phase() instanceof Phase.Training && run.failures().withoutProgress()) {
            guard.fail(
                    run,
                    "The workers of the job don't reach each other: five generations in a row ended without a step, the last by %s; check that each reaches the addresses of the others"
                            .formatted(from.name()),
                    false);
        }
    }

    private void measured(Run run, Measured measured) {
        EvaluationDone done = measured.getEvaluation();
        Measurement measurement =
                Measurement.newBuilder()
                        .setSubject(done.getSubject())
                        .setEpoch(done.getEpoch())
                        .build();
        boolean current = measured.getGeneration() == run.record().getGeneration().getNumber();
        if (!current || run.record().getMeasuredList().contains(measurement)) {
            return;
        }
        run.emit(Progress.newBuilder().setEvaluation(done));
        run.files().sync();
        run.save(run.record().toBuilder().addMeasured(measurement));
    }

    private void trained(Run run, Trained trained) {
        JobRecord record = run.record();
        if (trained.getGeneration() != record.getGeneration().getNumber()
                || !record.getSha256().isEmpty()) {
            return;
        }
        long total = record.getStarted().getTotalSteps();
        if (trained.getStep() == total && run.advance().checkpoint() == total) {
            run.save(record.toBuilder().setSha256(trained.getSha256()));
            return;
        }
        String lacks =
                "a worker said that the job is trained after step %d, but it has %d steps and its newest checkpoint is of step %d"
                        .formatted(trained.getStep(), total, run.advance().checkpoint());
        if (run.failures().withoutProgress()) {
            guard.fail(run, "The job can't be ended: " + lacks, false);
        } else {
            steering.reform(run, lacks);
        }
    }

    /** Then nobody is left who could say otherwise. */
    private boolean nobodyElse(Attendant from, Run run) {
        return attendance.all().stream()
                .filter(one -> one != from)
                .noneMatch(one -> run.failures().against(one.key(), run.now()).isEmpty());
    }

    private void failed(Attendant from, Run run, JobFailed failed) {
        String reason = failed.getReason();
        boolean first = !run.record().hasStarted();
        if (failed.getRefused()) {
            if (run.failures().refused(from.key()) || first || nobodyElse(from, run)) {
                guard.fail(run, reason, true);
            } else {
                exclude(from, run, reason);
            }
        } else if (run.failures().mayRetry(from.key(), run.now())) {
            run.notice(
                    "The worker %s failed and is tried again: %s".formatted(from.name(), reason));
            Attendance.drop(from, run, reason);
        } else {
            guard.fail(
                    run,
                    "The worker %s failed again and again: %s".formatted(from.name(), reason),
                    false);
        }
    }
}
