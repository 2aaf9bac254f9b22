package org.simreg.coordinator.control;

import java.util.Optional;
import org.simreg.coordinator.control.WorkerService.In;
import org.simreg.coordinator.control.WorkerService.Out;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.JobQueue;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.coordinator.job.schedule.WorkerState;
import org.simreg.proto.Hello;
import org.simreg.proto.Holding;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;

/** The streams of workers: who is let in, is heard, and is found to be lost. */
final class WorkerSessions {
    private final CoordinatorSettings setup;
    private final JobQueue queue;
    private final WorkerRegistry attendance;
    private final ReportHandler reports;
    private final Dispatcher dispatch;
    private long ticked;

    WorkerSessions(
            CoordinatorSettings setup,
            JobQueue queue,
            WorkerRegistry attendance,
            ReportHandler reports,
            Dispatcher dispatch) {
        this.setup = setup;
        this.queue = queue;
        this.attendance = attendance;
        this.reports = reports;
        this.dispatch = dispatch;
    }

    In attend(Hello hello, Out orders) {
        refuse(hello);
        Optional<WorkerSession> before = attendance.find(hello.getWorker());
        WorkerSession one = new WorkerSession(hello, orders, now());
        attendance.add(one);
        before.ifPresent(
                old ->
                        old.end(
                                new Refused(
                                        Refused.Kind.STATE,
                                        "The worker %s attends by another stream now"
                                                .formatted(old.name()))));
        one.send(Orders.welcome(setup.times()));
        if (hello.hasHolding()) {
            comeBack(one, hello.getHolding());
        }
        dispatch.all();
        return new Session(one);
    }

    private void refuse(Hello hello) {
        if (hello.getWorker().isBlank() || hello.getIncarnation().isBlank()) {
            throw new Refused(
                    Refused.Kind.INVALID,
                    "A worker must say its name and its incarnation, not \"%s\" and \"%s\""
                            .formatted(hello.getWorker(), hello.getIncarnation()));
        }
        if (!hello.getVersion().equals(setup.version())) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The worker %s has simreg %s, the coordinator %s: use the same version on both"
                            .formatted(hello.getWorker(), hello.getVersion(), setup.version()));
        }
        attendance
                .find(hello.getWorker())
                .filter(other -> !other.key().equals(WorkerSession.key(hello)))
                .ifPresent(
                        other -> {
                            throw new Refused(
                                    Refused.Kind.EXISTS,
                                    "A worker named %s attends already: give this one another name, or wait until that one is gone"
                                            .formatted(other.name()));
                        });
    }

    /** It was here before: it goes on with its job, or learns that it must not. */
    private void comeBack(WorkerSession one, Holding holding) {
        Optional<JobRun> run =
                queue.find(holding.getJob())
                        .filter(JobRun::active)
                        .filter(job -> !job.finishing())
                        .filter(job -> dispatch.against(one, job).isEmpty());
        if (run.isEmpty()) {
            String reason = "the job %s has no use for it".formatted(holding.getJob());
            one.send(Orders.drop(holding.getJob(), reason, false));
            return;
        }
        if (holding.getPreparing() || holding.getGeneration() == 0) {
            // What it answered may have been lost with the stream.
            one.prepare(run.get(), now());
            return;
        }
        one.serve(
                run.get(),
                new WorkerState.Holding(
                        holding.getGeneration(), holding.getCommitted(), holding.getHalted()),
                now());
        if (!holding.getHalted()) {
            halt(one, run.get(), holding.getGeneration());
        }
        if (one.trains(run.get().record().getGeneration().getNumber())
                && through(run.get(), holding)) {
            dispatch.reform(run.get(), one.name() + " attends again after the last step");
        }
    }

    /**
     * Whether it has done the last step: then its word that the job is trained may have been lost
     * with the stream, and a generation that begins after the last step says it again.
     */
    private static boolean through(JobRun run, Holding holding) {
        long total = run.record().getStarted().getTotalSteps();
        return run.phase() instanceof Phase.Training
                && total > 0
                && holding.getCommitted() >= total;
    }

    /** A generation that is over, or is to stop, must not go on because an order was lost. */
    private void halt(WorkerSession one, JobRun run, long generation) {
        boolean current = generation == run.record().getGeneration().getNumber();
        if (current && run.phase() instanceof Phase.Halting halting) {
            one.halt(
                    Orders.halt(run.id(), generation, halting.after(), halting.checkpoint()),
                    now());
        } else if (!current || !(run.phase() instanceof Phase.Training)) {
            one.halt(Orders.halt(run.id(), generation, 0, false), now());
        }
    }

    /** Finds who has been silent for too long, or doesn't stop. */
    void tick() {
        long now = now();
        boolean slept = ticked > 0 && now - ticked > setup.times().lostAfter() / 2;
        ticked = now;
        for (WorkerSession one : attendance.all()) {
            if (slept) {
                // It was the coordinator that heard nothing: their heartbeats wait to be read.
                one.hear(now);
            }
            if (now - one.heard() > setup.times().lostAfter()) {
                lose(one, "was silent for " + (now - one.heard()) + " ms");
            } else if (one.haltOrderedAt() > 0
                    && now - one.haltOrderedAt() > setup.times().patience()) {
                lose(one, "has not stopped for " + (now - one.haltOrderedAt()) / 1000 + " s");
            }
        }
    }

    private void lose(WorkerSession one, String why) {
        attendance.remove(one);
        one.end(
                new Refused(
                        Refused.Kind.UNAVAILABLE,
                        "The worker %s is taken for lost: it %s; it may attend again"
                                .formatted(one.name(), why)));
        dispatch.all();
    }

    private long now() {
        return setup.clock().getAsLong();
    }

    /** The reports of one stream, for as long as its worker attends by it. */
    private final class Session implements In {
        private final WorkerSession one;

        Session(WorkerSession one) {
            this.one = one;
        }

        @Override
        public void report(Report report) {
            if (!attendance.has(one)) {
                return;
            }
            one.hear(now());
            if (report.hasLeaving()) {
                one.leave(now());
                dispatch.all();
                return;
            }
            one.run()
                    .filter(run -> run.id().equals(ReportHandler.job(report)))
                    .ifPresent(run -> dispatch.after(run, () -> reports.take(one, run, report)));
        }

        @Override
        public void lost(String reason) {
            if (attendance.remove(one)) {
                dispatch.all();
            }
        }
    }
}
