package org.simreg.coordinator.control;

import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.coordinator.job.schedule.WorkerState;
import org.simreg.proto.Committed;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Halted;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobStarted;
import org.simreg.proto.Measured;
import org.simreg.proto.Notice;
import org.simreg.proto.Progress;
import org.simreg.proto.Ready;
import org.simreg.proto.Report;
import org.simreg.proto.Suspected;
import org.simreg.proto.Teacher;
import org.simreg.proto.Told;
import org.simreg.proto.Trained;

/**
 * The handler of workers' reports about the job that they serve. Reports about another job are not passed to it, but for
 * images at which a process ended; those of an earlier generation change nothing but the worker's own state.
 */
final class ReportHandler {
    private final WorkerRegistry registry;
    private final JobGuard guard;
    private final JobController controller;

    ReportHandler(WorkerRegistry registry, JobGuard guard, JobController controller) {
        this.registry = registry;
        this.guard = guard;
        this.controller = controller;
    }

    /** Takes a report about the job that the worker is at. */
    void take(WorkerSession from, JobRun run, Report report) {
        if (!run.active() || run.finishing()) {
            return;
        }
        switch (report.getReportCase()) {
            case READY -> ready(from, run, report.getReady());
            case COMMITTED -> committed(from, run, report.getCommitted());
            case HALTED -> halted(from, run, report.getHalted());
            case MEASURED -> measured(from, run, report.getMeasured());
            case TOLD -> told(run, report.getTold());
            case TRAINED -> trained(run, report.getTrained());
            case FAILED -> failed(from, run, report.getFailed());
            case SUSPECTED -> suspected(from, run, report.getSuspected());
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
            case SUSPECTED -> report.getSuspected().getJob();
            default -> "";
        };
    }

    private void ready(WorkerSession from, JobRun run, Ready ready) {
        JobRecord record = run.record();
        if (!isAnswer(from, ready)) {
            return;
        }
        run.failures().loaded();
        if (record.hasStarted()) {
            loaded(from, run, ready);
            return;
        }
        JobStarted started = ready.getStarted().toBuilder()
                .setResumedStep(run.ledger().step())
                .build();
        JobRecord.Builder next = record.toBuilder().setStarted(started).setDataSha256(ready.getDataSha256());
        guard.afterwards(run, run.saveLater(next), () -> {
            run.emit(Progress.newBuilder().setStarted(started));
            if (isAnswer(from, ready)) {
                loaded(from, run, ready);
            }
        });
    }

    private static boolean isAnswer(WorkerSession from, Ready ready) {
        return from.state() instanceof WorkerState.Preparing && ready.getAttempt() == from.attempt();
    }

    private void loaded(WorkerSession from, JobRun run, Ready ready) {
        Optional<String> differs = differs(run.record(), ready);
        if (differs.isPresent()) {
            exclude(from, run, differs.get());
        } else {
            from.state(new WorkerState.Ready(), run.now());
        }
    }

    private static Optional<String> differs(JobRecord record, Ready ready) {
        if (!record.getDataSha256().equals(ready.getDataSha256())) {
            return Optional.of("it sees other images (SHA-256 of their list %s) than the job began with (%s)"
                    .formatted(ready.getDataSha256(), record.getDataSha256()));
        }
        long steps = ready.getStarted().getTotalSteps();
        return steps == record.getStarted().getTotalSteps()
                ? Optional.empty()
                : Optional.of("it counts %d steps, the job has %d"
                        .formatted(steps, record.getStarted().getTotalSteps()));
    }

    private void exclude(WorkerSession from, JobRun run, String reason) {
        run.failures().exclude(from.key(), reason);
        run.notice("The worker %s is not used: %s".formatted(from.name(), reason));
        from.drop(run, reason);
    }

    private void committed(WorkerSession from, JobRun run, Committed committed) {
        from.commits(committed.getGeneration(), committed.getStep().getStep());
        if (from.trains(run.record().getGeneration().getNumber())) {
            boolean leads = from.name()
                    .equals(run.record().getGeneration().getMembers(0).getWorker());
            run.help().report(committed, leads);
        }
        run.ledger().report(from.name(), committed).ifPresent(differs -> guard.fail(run, differs, false));
    }

    private void halted(WorkerSession from, JobRun run, Halted halted) {
        if (!from.trains(halted.getGeneration())) {
            return;
        }
        from.state(new WorkerState.Holding(halted.getGeneration(), halted.getCommitted(), true), run.now());
        boolean current = halted.getGeneration() == run.record().getGeneration().getNumber();
        if (current && run.phase() instanceof Phase.Training && run.failures().withoutProgress()) {
            guard.fail(
                    run,
                    "The workers of the job don't reach each other: five generations in a row ended without a step, the last by %s; check that each reaches the addresses of the others"
                            .formatted(from.name()),
                    false);
        }
    }

    private void told(JobRun run, Told told) {
        Notice.Builder notice = Notice.newBuilder().setText(told.getText());
        run.notice(told.hasBroken() ? notice.setBroken(told.getBroken()) : notice);
        run.failures().unreadable(told.getBroken(), run.record()).ifPresent(tooMany -> guard.fail(run, tooMany, false));
        if (told.getKept()) {
            run.ledger().changed(told.getText());
        }
    }

    private void suspected(WorkerSession from, JobRun run, Suspected suspected) {
        String image = suspected.getImage();
        if (image.isEmpty()) {
            endedLoading(from, run, suspected.getMark());
        } else if (suspected.getCleared()) {
            run.failures().cleared(image);
        } else if (run.failures().endedAt(image, suspected.getMark())) {
            guard.fail(
                    run,
                    "The picture %s has ended a worker twice, the last time on the machine of %s: remove or replace it, then resume the job"
                            .formatted(image, from.name()),
                    true);
        } else {
            run.notice("A worker ended while it decoded %s: if one does so again, the job fails".formatted(image));
        }
    }

    private void endedLoading(WorkerSession from, JobRun run, String mark) {
        if (from.helpsOnly()) {
            run.notice(
                    "A worker that only helps, %s, ended while it loaded teachers of the job, which goes on: if it does so again, give it more memory or fewer --teachers"
                            .formatted(from.name()));
        } else if (run.failures().endedLoading(mark)) {
            String teachers = run.record().getJob().getTeachersList().stream()
                    .map(Teacher::getSource)
                    .collect(Collectors.joining(", "));
            guard.fail(
                    run,
                    "Four processes in a row ended while they loaded the job, the last one on the machine of %s: its data set, teachers (%s) or student need more memory than a worker has, or end libtorch; try them with simreg eval there, give the workers more memory, then resume the job"
                            .formatted(from.name(), teachers),
                    true);
        } else {
            run.notice("A worker ended while it loaded the job: if four do so in a row, the job fails");
        }
    }

    private void measured(WorkerSession from, JobRun run, Measured measured) {
        EvaluationDone done = measured.getEvaluation();
        Measurement measurement = Measurement.newBuilder()
                .setSubject(done.getSubject())
                .setEpoch(done.getEpoch())
                .build();
        if (run.record().getMeasuredList().contains(measurement)) {
            from.send(Orders.acknowledged(run.id(), measurement));
            return;
        }
        if (!holds(run, measured)) {
            return;
        }
        boolean best = run.ledger().ranking().wouldLead(done);
        run.emit(Progress.newBuilder().setEvaluation(done.toBuilder().setBest(best)));
        guard.afterwards(run, run.files().syncLater(), () -> {
            run.ledger().refreshRanking();
            CompletionStage<Void> kept = run.saveLater(run.record().toBuilder().addMeasured(measurement));
            guard.afterwards(run, kept, () -> from.send(Orders.acknowledged(run.id(), measurement)));
        });
    }

    /**
     * Whether a state was measured that the job is at or has passed. The generation that measured it may have ended: the
     * report was under way while the stream was broken, and nobody measures that epoch again.
     */
    private static boolean holds(JobRun run, Measured measured) {
        long generation = run.record().getGeneration().getNumber();
        if (measured.getGeneration() == generation) {
            return true;
        }
        JobStarted started = run.record().getStarted();
        long step = Math.min(started.getTotalSteps(), measured.getEvaluation().getEpoch() * started.getStepsPerEpoch());
        return measured.getGeneration() < generation && step <= run.ledger().step();
    }

    private void trained(JobRun run, Trained trained) {
        JobRecord record = run.record();
        if (trained.getGeneration() != record.getGeneration().getNumber()
                || !record.getSha256().isEmpty()) {
            return;
        }
        long total = run.ledger().lastStep();
        if (trained.getStep() == total && run.ledger().checkpoint() == total) {
            // What follows from it waits until it is durable.
            guard.afterwards(run, run.saveLater(record.toBuilder().setSha256(trained.getSha256())), () -> {});
            return;
        }
        String lacks =
                "a worker said that the job is trained after step %d, but it has %d steps and its newest checkpoint is of step %d"
                        .formatted(trained.getStep(), total, run.ledger().checkpoint());
        if (run.failures().withoutProgress()) {
            guard.fail(run, "The job can't be ended: " + lacks, false);
        } else {
            controller.reform(run, lacks);
        }
    }

    /** Whether no other worker may serve the job. */
    private boolean nobodyElse(WorkerSession from, JobRun run) {
        return registry.all().stream()
                .filter(session ->
                        session != from && session.hello().getLeftOut().isEmpty())
                .noneMatch(session ->
                        run.failures().objection(session.key(), run.now()).isEmpty());
    }

    private void failed(WorkerSession from, JobRun run, JobFailed failed) {
        String reason = failed.getReason();
        boolean first = !run.record().hasStarted();
        if (failed.getOnlyHere()) {
            exclude(from, run, reason);
        } else if (failed.getLacksRoom()) {
            run.failures().lacksRoom(from.key(), run.now());
            run.notice("The worker %s lacks room and tries again: %s".formatted(from.name(), reason));
            from.drop(run, reason);
        } else if (failed.getNoAnswer()) {
            silent(from, run, reason);
        } else if (failed.getRefused() && !from.helps()) {
            if (run.failures().refused(from.key()) || first || nobodyElse(from, run)) {
                guard.fail(run, reason, true);
            } else {
                exclude(from, run, reason);
            }
        } else if (run.failures().mayRetry(from.key(), run.now())) {
            run.notice("The worker %s failed and is tried again: %s".formatted(from.name(), reason));
            from.drop(run, reason);
        } else if (from.helps()) {
            exclude(from, run, reason); // the job goes on without it
        } else {
            guard.fail(run, "The worker %s failed again and again: %s".formatted(from.name(), reason), false);
        }
    }

    /** While others serve the job, it goes on with them. */
    private void silent(WorkerSession from, JobRun run, String reason) {
        long now = run.now();
        run.failures().silent(from.key(), now);
        String pause = "";
        if (registry.of(run).stream().allMatch(session -> session == from)) {
            pause = "; the job rests for %d s, so that others have its workers"
                    .formatted(run.failures().unanswered(now) / 1000);
        }
        run.notice("The worker %s is given to other jobs and tries again later: %s%s"
                .formatted(from.name(), reason, pause));
        from.drop(run, reason);
    }
}
