package org.simreg.coordinator.control;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.LedgerWriter;
import org.simreg.coordinator.job.schedule.Decision;
import org.simreg.coordinator.job.schedule.GenerationPlanner;
import org.simreg.coordinator.job.schedule.JobScheduler;
import org.simreg.coordinator.job.schedule.JobTransitions;
import org.simreg.coordinator.job.schedule.JobView;
import org.simreg.coordinator.job.schedule.Lineage;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.coordinator.job.schedule.Phase.HaltReason;
import org.simreg.coordinator.job.schedule.WorkerState;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.GenerationBegun;
import org.simreg.proto.GenerationBegun.Cause;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobStarted;
import org.simreg.proto.JobState;
import org.simreg.proto.Order;
import org.simreg.proto.Progress;
import org.simreg.proto.StateChanged;

/** The controller of jobs: carries out the decisions of {@link JobScheduler}. */
final class JobController {
    /** A decision can make another one possible at once, but not for ever. */
    private static final int AT_ONCE = 8;

    private final CoordinatorSettings settings;
    private final WorkerRegistry registry;
    private final JobGuard guard;
    private final JobFinisher finisher;

    JobController(CoordinatorSettings settings, WorkerRegistry registry, JobGuard guard, JobFinisher finisher) {
        this.settings = settings;
        this.registry = registry;
        this.guard = guard;
        this.finisher = finisher;
    }

    /**
     * Carries out decisions until none changes the phase, then drops workers that aren't needed.
     */
    void decideOn(JobRun run) {
        for (int i = 0; i < AT_ONCE && run.active() && !run.finishing(); i++) {
            Phase before = run.phase();
            apply(run, JobScheduler.decide(view(run)));
            if (run.phase().equals(before)) {
                break;
            }
        }
        if (run.active() && !run.finishing()) {
            for (JobView.Member member : JobScheduler.unneeded(view(run))) {
                registry.find(member.worker())
                        .ifPresent(session -> session.drop(run, run.grant().reason()));
            }
        }
    }

    private JobView view(JobRun run) {
        JobRecord record = run.record();
        Job job = record.getJob();
        long now = settings.clock().getAsLong();
        List<JobView.Member> members = registry.of(run).stream()
                .filter(session -> !session.helps())
                .map(session -> member(run, session))
                .toList();
        JobView.History history = new JobView.History(
                record.getGeneration().toBuilder().setJob(run.id()).build(),
                new Lineage(record.getStartsList()),
                run.ledger().steps(),
                !record.getSha256().isEmpty());
        JobView.Assignment assignment = new JobView.Assignment(
                run.grant(),
                job.getPlacement().getMinWorkers(),
                job.getOptimization().getMicroBatches(),
                run.requestedHalt(),
                new JobView.WaitTimes(
                        settings.times().gather(), settings.times().grace(), stopBy(run)));
        return new JobView(now, run.phase(), assignment, members, history);
    }

    /** Until when a step may be finished before a worker leaves; 0: none leaves. */
    private long stopBy(JobRun run) {
        long usual = run.ledger().stepMs() + settings.times().leave();
        return registry.of(run).stream()
                .filter(WorkerSession::leaving)
                .mapToLong(session -> session.stopBy(usual))
                .min()
                .orElse(0);
    }

    private static JobView.Member member(JobRun run, WorkerSession session) {
        return new JobView.Member(
                session.name(),
                session.hello().getAddressesOrDefault(transport(run), ""),
                session.state(),
                session.stateSince(),
                !session.leaving() && run.grant().workers().contains(session.name()));
    }

    /** Key of the addresses by which a job's workers reach each other. */
    static String transport(JobRun run) {
        return run.record().getJob().getReduce().getTransport().name().toLowerCase(Locale.ROOT);
    }

    /** The profile that a job's workers must have; empty: any. */
    static String profile(JobRun run) {
        return run.record().getJob().getExact() ? run.record().getProfile() : "";
    }

    private void apply(JobRun run, Decision decision) {
        if (!(decision instanceof Decision.Begin)) {
            run.reason(decision.reason());
        }
        if (decision instanceof Decision.Continue) {
            run.phase(new Phase.Training(0));
        } else if (decision instanceof Decision.Stop stop) {
            stop(run, stop);
        } else if (decision instanceof Decision.Begin begin) {
            begin(run, begin);
        } else if (decision instanceof Decision.AwaitWorkers wait) {
            awaitWorkers(run, wait);
        } else if (decision instanceof Decision.Release release) {
            release(run, release);
        } else if (decision instanceof Decision.Complete) {
            finisher.begin(run);
        }
    }

    /** Has the members of the last generation stop and begin another one. */
    void reform(JobRun run, String reason) {
        stop(run, new Decision.Stop(new Phase.Halting(0, false, HaltReason.REFORM, 0), reason));
    }

    private void stop(JobRun run, Decision.Stop stop) {
        run.reason(stop.reason());
        run.phase(stop.phase());
        halt(run, stop.phase());
    }

    private void halt(JobRun run, Phase.Halting phase) {
        long number = run.record().getGeneration().getNumber();
        Order order = Orders.halt(run.id(), number, phase.after(), phase.checkpoint());
        registry.of(run).stream()
                .filter(session -> session.trains(number))
                .forEach(session -> session.halt(order, run.now()));
    }

    /** What must not be forgotten is durable before any worker hears of the generation. */
    private void begin(JobRun run, Decision.Begin begin) {
        Generation generation = completed(run, begin.generation());
        Cause cause = GenerationPlanner.cause(run.record().getGeneration(), begin, this::attends);
        List<WorkerSession> members = generation.getMembersList().stream()
                .flatMap(member -> registry.find(member.getWorker()).stream())
                .toList();
        LedgerWriter ledger = run.ledger();
        ledger.moveTo(generation);
        guard.afterwards(run, ledger.syncLater(), () -> {
            ledger.durable(generation.getStep());
            sendBegin(run, begin, generation, cause, members);
        });
    }

    private void sendBegin(
            JobRun run, Decision.Begin begin, Generation generation, Cause cause, List<WorkerSession> members) {
        JobState before = run.record().getState();
        guard.afterwards(run, keep(run, generation), () -> {
            tell(run, before, begin, generation, cause);
            Order order = Orders.begin(generation, run.failures().suspects());
            members.stream()
                    .filter(session -> isReady(session, run))
                    .forEach(session -> send(session, generation, order));
            if (begin.then() instanceof Phase.Halting halting) {
                halt(run, halting);
            }
        });
    }

    /** Whether a member is still there: it may have been lost while the generation was made durable, and attend anew. */
    private boolean isReady(WorkerSession session, JobRun run) {
        return registry.find(session.name()).filter(now -> now == session).isPresent()
                && session.at(run)
                && !(session.state() instanceof WorkerState.Preparing);
    }

    private void tell(JobRun run, JobState before, Decision.Begin begin, Generation generation, Cause cause) {
        run.ledger().beginGeneration();
        run.phase(begin.then());
        run.reason(generation.getReason());
        if (before != JobState.RUNNING) {
            run.emit(Progress.newBuilder()
                    .setState(
                            StateChanged.newBuilder().setState(JobState.RUNNING).setReason(generation.getReason())));
        }
        run.emit(Progress.newBuilder().setGeneration(event(generation, cause)));
    }

    private Generation completed(JobRun run, Generation generation) {
        Generation.Builder complete = generation.toBuilder()
                .addAllMeasured(measured(run.record(), generation.getStep()))
                .setTransport(transport(run));
        if (run.record().getJob().getEvaluation().getPatience() > 0) {
            run.ledger().ranking().recent().stream()
                    .filter(done -> done.getStep() <= generation.getStep())
                    .forEach(complete::addScores);
        }
        long checkpoint = run.ledger().checkpoint();
        if (checkpoint >= 0) {
            complete.setCheckpoint(checkpoint);
        }
        return complete.build();
    }

    /** What was measured up to a step; the rest is taken back with its steps and measured again. */
    private static List<Measurement> measured(JobRecord record, long step) {
        JobStarted started = record.getStarted();
        long perEpoch = started.getStepsPerEpoch();
        return record.getMeasuredList().stream()
                .filter(session -> Math.min(session.getEpoch() * perEpoch, started.getTotalSteps()) <= step)
                .toList();
    }

    private CompletionStage<Void> keep(JobRun run, Generation generation) {
        Lineage lineage = new Lineage(run.record().getStartsList()).begun(generation.getNumber(), generation.getStep());
        JobRecord.Builder next = run.record().toBuilder();
        if (next.getState() != JobState.RUNNING) {
            JobTransitions.enter(next, JobState.RUNNING, run.now());
        }
        next.setGeneration(generation)
                .clearMeasured()
                .addAllMeasured(generation.getMeasuredList())
                .clearStarts()
                .addAllStarts(lineage.starts())
                .setReason(generation.getReason());
        if (next.getProfile().isEmpty()) {
            registry.find(generation.getMembers(0).getWorker())
                    .ifPresent(session -> next.setProfile(session.hello().getProfile()));
        }
        return run.saveLater(next);
    }

    private static void send(WorkerSession session, Generation generation, Order order) {
        boolean held = generation.getMembersList().stream()
                .anyMatch(member ->
                        member.getWorker().equals(session.name()) && member.getState() == Generation.State.HELD);
        long now = session.run().orElseThrow().now();
        session.state(new WorkerState.Holding(generation.getNumber(), held ? generation.getStep() : 0, false), now);
        session.rewound(generation.getStep());
        session.send(order);
    }

    private boolean attends(String worker) {
        return registry.find(worker).isPresent();
    }

    private static GenerationBegun event(Generation generation, Cause cause) {
        GenerationBegun.Builder begun = GenerationBegun.newBuilder()
                .setNumber(generation.getNumber())
                .setStep(generation.getStep())
                .setReason(generation.getReason())
                .setCause(cause);
        generation.getMembersList().forEach(member -> begun.addWorkers(member.getWorker()));
        return begun.build();
    }

    private void awaitWorkers(JobRun run, Decision.AwaitWorkers wait) {
        run.phase(wait.phase());
        if (run.record().getState() == JobState.RUNNING) {
            guard.become(run, JobState.QUEUED, wait.reason());
        }
    }

    private void release(JobRun run, Decision.Release release) {
        boolean pause = release.why() == HaltReason.PAUSE;
        String what = pause ? "paused" : "cancelled";
        registry.of(run).forEach(session -> session.drop(run, "the job is " + what));
        guard.become(run, pause ? JobState.PAUSED : JobState.CANCELLED, what + " " + release.reason());
    }
}
