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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sessions of workers: accepts or refuses a worker that attends, passes its reports on, and
 * finds out that it is lost, because its stream broke or because it was silent or didn't stop for
 * too long.
 */
final class WorkerSessions {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerSessions.class);

    private final CoordinatorSettings settings;
    private final JobQueue queue;
    private final WorkerRegistry registry;
    private final ReportHandler reports;
    private final Dispatcher dispatcher;
    private long ticked;

    WorkerSessions(
            CoordinatorSettings settings,
            JobQueue queue,
            WorkerRegistry registry,
            ReportHandler reports,
            Dispatcher dispatcher) {
        this.settings = settings;
        this.queue = queue;
        this.registry = registry;
        this.reports = reports;
        this.dispatcher = dispatcher;
    }

    /**
     * @param changed called when it has come, begins to leave or is gone, unless the next tick is to see that
     */
    In attend(Hello hello, Out orders, Runnable changed) {
        refuse(hello);
        Optional<WorkerSession> before = registry.find(hello.getWorker());
        WorkerSession session = new WorkerSession(hello, orders, now());
        registry.add(session);
        before.ifPresent(old -> old.end(
                new Refused(Refused.Kind.STATE, "The worker %s attends by another stream now".formatted(old.name()))));
        session.send(Orders.welcome(settings.times()));
        if (hello.hasHolding()) {
            comeBack(session, hello.getHolding());
        }
        dispatcher.dispatchSoon(changed);
        return new Session(session, changed);
    }

    private void refuse(Hello hello) {
        if (hello.getWorker().isBlank() || hello.getIncarnation().isBlank()) {
            throw new Refused(
                    Refused.Kind.INVALID,
                    "A worker must say its name and its incarnation, not \"%s\" and \"%s\""
                            .formatted(hello.getWorker(), hello.getIncarnation()));
        }
        if (!hello.getVersion().equals(settings.version())) {
            throw new Refused(
                    Refused.Kind.STATE,
                    "The worker %s has simreg %s, the coordinator %s: use the same version on both"
                            .formatted(hello.getWorker(), hello.getVersion(), settings.version()));
        }
        registry.find(hello.getWorker())
                .filter(other -> !other.key().equals(WorkerSession.key(hello)))
                .ifPresent(other -> {
                    throw new Refused(
                            Refused.Kind.EXISTS,
                            "A worker named %s attends already: give this one another name, or wait until that one is gone"
                                    .formatted(other.name()));
                });
    }

    /** Takes a worker back that attended before: it goes on with its job, or is told to drop it. */
    private void comeBack(WorkerSession session, Holding holding) {
        Optional<JobRun> run = queue.find(holding.getJob())
                .filter(JobRun::active)
                .filter(job -> !job.finishing())
                .filter(job -> session.objection(job).isEmpty())
                .filter(job -> !session.helpsOnly() || job.record().hasStarted());
        if (run.isEmpty()) {
            String reason = "the job %s has no use for it".formatted(holding.getJob());
            session.send(Orders.drop(holding.getJob(), reason, false));
            return;
        }
        if (holding.getPreparing() || holding.getGeneration() == 0) {
            // What it answered may have been lost with the stream.
            session.prepare(run.get(), holding.getTeachersList(), now());
            return;
        }
        session.serve(
                run.get(),
                new WorkerState.Holding(holding.getGeneration(), holding.getCommitted(), holding.getHalted()),
                now());
        dispatcher.guarded(run.get(), () -> goOn(session, run.get(), holding));
    }

    private void goOn(WorkerSession session, JobRun run, Holding holding) {
        if (!holding.getHalted()) {
            halt(session, run, holding.getGeneration());
        }
        if (session.trains(run.record().getGeneration().getNumber()) && through(run, holding)) {
            dispatcher.reform(run, session.name() + " attends again after the last step");
        }
    }

    /** Has the workers of a job attend again, and say again what was not taken. */
    void again(JobRun run) {
        for (WorkerSession session : registry.of(run)) {
            registry.remove(session);
            end(session, "The job %s goes on; attend again".formatted(run.id()));
        }
    }

    /** A stream that can't be ended is of no more use than one that was. */
    private static void end(WorkerSession session, String why) {
        try {
            session.end(new Refused(Refused.Kind.UNAVAILABLE, why));
        } catch (RuntimeException e) {
            LOG.error("The stream of the worker {} can't be ended", session.name(), e);
        }
    }

    /**
     * Whether it has done the last step: then its word that the job is trained may have been lost
     * with the stream, and a generation that begins after the last step says it again.
     */
    private static boolean through(JobRun run, Holding holding) {
        long total = run.ledger().lastStep();
        return run.phase() instanceof Phase.Training && total > 0 && holding.getCommitted() >= total;
    }

    /**
     * Repeats the halt of a generation that is over or is to stop: the order may have been lost.
     */
    private void halt(WorkerSession session, JobRun run, long generation) {
        boolean current = generation == run.record().getGeneration().getNumber();
        if (current && run.phase() instanceof Phase.Halting halting) {
            session.halt(Orders.halt(run.id(), generation, halting.after(), halting.checkpoint()), now());
        } else if (!current || !(run.phase() instanceof Phase.Training)) {
            session.halt(Orders.halt(run.id(), generation, 0, false), now());
        }
    }

    /** Finds workers that have been silent for too long, or don't stop, and removes them. */
    void tick() {
        long now = now();
        long before = ticked;
        boolean late = before > 0 && now - before > settings.times().lostAfter() / 2;
        // Where nobody was heard it was the process that stood still: what was said waits to be read.
        boolean slept = late && registry.all().stream().noneMatch(session -> session.heard() > before);
        ticked = now;
        for (WorkerSession session : registry.all()) {
            // Of who says much the last reports wait at its end, while the thread that takes them is held up.
            if (slept || late && session.heard() > before) {
                session.hear(now);
            }
            if (now - session.heard() > settings.times().lostAfter()) {
                lose(session, "was silent for " + (now - session.heard()) + " ms");
            } else if (session.haltOrderedAt() > 0
                    && now - session.haltOrderedAt() > settings.times().patience()) {
                lose(session, "has not stopped for " + (now - session.haltOrderedAt()) / 1000 + " s");
            }
        }
    }

    private void lose(WorkerSession session, String why) {
        count(session);
        registry.remove(session);
        end(session, "The worker %s is taken for lost: it %s; it may attend again".formatted(session.name(), why));
        dispatcher.dispatchSoon(() -> {});
    }

    /** Counts a loss against the job that the worker served. */
    private void count(WorkerSession session) {
        session.run().filter(run -> run.active() && !session.leaving()).ifPresent(run -> {
            long rest = run.failures().lost(now());
            if (rest > 0) {
                run.notice(
                        "Workers were lost at the job again and again without a step in between, %s the last: it rests for %d s, so that other jobs have the workers"
                                .formatted(session.name(), rest / 1000));
            }
        });
    }

    private long now() {
        return settings.clock().getAsLong();
    }

    /** The receiver of one stream's reports, for as long as its worker attends by it. */
    private final class Session implements In {
        private final WorkerSession session;
        private final Runnable changed;

        Session(WorkerSession session, Runnable changed) {
            this.session = session;
            this.changed = changed;
        }

        @Override
        public void report(Report report) {
            if (!registry.has(session)) {
                return;
            }
            heard();
            if (report.hasLeaving()) {
                session.leave(now(), report.getLeaving().getWithinMs());
                dispatcher.dispatchSoon(changed);
                return;
            }
            about(report).ifPresent(run -> dispatcher.handle(run, () -> reports.take(session, run, report)));
        }

        @Override
        public void heard() {
            session.hear(now());
        }

        /** Of what has ended a process of another job, that job must hear too. */
        private Optional<JobRun> about(Report report) {
            String job = ReportHandler.job(report);
            return report.hasSuspected()
                    ? queue.active().stream()
                            .filter(run -> run.id().equals(job))
                            .findFirst()
                    : session.run().filter(run -> run.id().equals(job));
        }

        @Override
        public void lost(String reason) {
            if (registry.has(session)) {
                count(session);
            }
            registry.remove(session);
            dispatcher.dispatchSoon(changed);
        }
    }
}
