package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.WeakHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.simreg.coordinator.job.JobQueue;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.JobStatuses;
import org.simreg.coordinator.job.LedgerWriter;
import org.simreg.coordinator.job.schedule.Allotment;
import org.simreg.coordinator.job.schedule.Allotment.Grant;
import org.simreg.coordinator.job.schedule.Demand;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.coordinator.job.schedule.WorkerState;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;

/**
 * The allotment of workers to jobs, carried out: gives each job its workers, has {@link JobController} carry out what is
 * to happen with the job next, and orders idle workers to load theirs.
 */
final class Dispatcher {
    /**
     * How often the ledger is forced to disk, in milliseconds; later reports are repeated after a
     * crash of its machine.
     */
    private static final long SYNC_MS = 200;

    /** Rounds between two ticks, of a few jobs and workers; fewer of many, as each costs as much as there are. */
    private static final int MOST_ROUNDS = 8;

    private static final int A_FEW = 200;

    /** Workers, or jobs, that a reason names. */
    private static final int NAMED = 3;

    private static final Demand.Requirements ANY = new Demand.Requirements("", false, Set.of());

    private final JobQueue queue;
    private final WorkerRegistry registry;
    private final JobController controller;
    private final JobGuard guard;
    private final Helping helping;
    private Situation situation = new Situation(List.of(), List.of());
    private WorkerStatuses.Objections objections = new WorkerStatuses.Objections(List.of());
    private int rounds;

    /** Whether workers have come or gone since they were handed out: no job may be decided on by what it had then. */
    private boolean behind;

    private long syncedAtMs;

    /** What queued jobs without workers were when they were last decided on. */
    private final Map<JobRun, Rest> resting = new WeakHashMap<>();

    /** All that workers are handed out by: while it is the same, so are the grants. */
    private record Situation(List<Seeker> jobs, List<Place> workers) {}

    /** A job in a {@link Situation}, with the version of its record. */
    private record Seeker(
            JobRun run,
            boolean moves,
            boolean graced,
            boolean rests,
            long version,
            Demand demand,
            Set<String> objected) {}

    /** A worker in a {@link Situation}, and where it is. */
    private record Place(WorkerSession session, boolean leaving, Optional<JobRun> run, boolean holds) {}

    /** A queued job for which no worker is there. */
    private record Rest(long version, Grant grant, Phase phase) {}

    Dispatcher(JobQueue queue, WorkerRegistry registry, JobController controller, JobGuard guard) {
        this.queue = queue;
        this.registry = registry;
        this.controller = controller;
        this.guard = guard;
        helping = new Helping(registry);
    }

    /** As {@link #dispatch}, then something else; of very many calls between two ticks the later ones are left to the tick. */
    void dispatchSoon(Runnable then) {
        int all = queue.count() + registry.count();
        if (rounds < MOST_ROUNDS * A_FEW / (A_FEW + all)) {
            rounds++;
            dispatch();
            then.run();
        } else {
            behind = true;
        }
    }

    /** Time has passed. */
    void tick() {
        rounds = 0;
        dispatch();
    }

    /** Hands out the workers, decides on every job, and sends orders to load jobs. */
    void dispatch() {
        behind = false;
        if (isChanged()) {
            allot();
        }
        List<JobRun> awake = queue.active().stream().filter(run -> !rests(run)).toList();
        for (JobRun run : awake) {
            ifAble(run, () -> controller.decideOn(run));
        }
        // Some have ended by that.
        for (JobRun run : awake.stream().filter(JobRun::active).toList()) {
            ifAble(run, () -> {
                prepare(run);
                helping.order(run);
            });
        }
        for (WorkerSession session : registry.all()) {
            if (session.leaving() && session.run().isEmpty() && !session.released()) {
                session.release();
                session.send(Orders.drop("", "it may leave", true));
            }
        }
    }

    /** Whether workers have to be handed out anew; it costs as much as there are jobs and workers, not their product. */
    private boolean isChanged() {
        Situation now = new Situation(
                queue.active().stream().map(this::seeker).toList(),
                registry.all().stream().map(Dispatcher::place).toList());
        boolean changed = !now.equals(situation);
        situation = now;
        if (changed) {
            objections = new WorkerStatuses.Objections(queue.active());
        }
        return changed;
    }

    private Seeker seeker(JobRun run) {
        return new Seeker(
                run,
                moves(run),
                run.phase() instanceof Phase.Training training && training.grace() > 0,
                run.failures().rests(run.now()),
                run.record().getVersion(),
                demand(run, ANY),
                run.failures().objected(run.now()));
    }

    private static Place place(WorkerSession session) {
        return new Place(
                session,
                session.leaving(),
                session.run(),
                session.run().filter(run -> hasPlace(session, run)).isPresent());
    }

    /** Whether it is a queued job without workers, on which the same would be decided again. */
    private boolean rests(JobRun run) {
        boolean idle = run.record().getState() == JobState.QUEUED
                && run.phase() instanceof Phase.Idle
                && !run.grant().served()
                && wantsWorkers(run)
                && moves(run)
                && registry.of(run).isEmpty();
        if (!idle) {
            resting.remove(run);
            return false;
        }
        Rest now = new Rest(run.record().getVersion(), run.grant(), run.phase());
        return now.equals(resting.put(run, now));
    }

    /** What the next round does as well needn't wait. */
    private void ifAble(JobRun run, Runnable action) {
        if (moves(run)) {
            guard.with(run, action);
        }
    }

    /** Does something for a job. */
    void guarded(JobRun run, Runnable action) {
        guard.with(run, action);
    }

    /** Does something for a job, then decides on the job, unless the next tick has to hand out workers first. */
    void handle(JobRun run, Runnable action) {
        guard.with(run, action);
        guard.with(run, () -> {
            if (!behind) {
                controller.decideOn(run);
            }
        });
    }

    /** Has the members of a job's generation stop and begin another one. */
    void reform(JobRun run, String reason) {
        guard.with(run, () -> controller.reform(run, reason));
    }

    /**
     * Tells the workers which steps are durable, so that they forget their reports. The ledgers of all jobs that have
     * grown are forced to disk together: on a journaling file system most of them share a write.
     */
    void acknowledge(List<JobRun> active, long now) {
        boolean due = now - syncedAtMs >= SYNC_MS;
        syncedAtMs = due ? now : syncedAtMs;
        active.forEach(run -> ifAble(run, () -> synced(run, due)));
    }

    private void synced(JobRun run, boolean due) {
        LedgerWriter ledger = run.ledger();
        if (due && ledger.hasGrown()) {
            long synced = ledger.step();
            guard.afterwards(run, ledger.syncLater(), () -> {
                ledger.durable(synced);
                tellDurable(run, ledger);
            });
        } else {
            tellDurable(run, ledger);
        }
    }

    private void tellDurable(JobRun run, LedgerWriter ledger) {
        registry.of(run).forEach(session -> session.acknowledge(run, ledger.durableStep()));
    }

    private void allot() {
        List<JobRun> active = queue.active();
        boolean grace = active.stream()
                .filter(Dispatcher::moves)
                .anyMatch(run -> run.phase() instanceof Phase.Training training && training.grace() > 0);
        if (grace) {
            active.forEach(this::keepWorkers);
            return;
        }
        WorkerRegistry.Census census = registry.census();
        List<Demand> demands = new ArrayList<>();
        for (JobRun run : active) {
            ifAble(run, () -> demanded(run, census).ifPresent(demands::add));
        }
        Map<String, Grant> grants = Allotment.of(availableWorkers(), demands);
        for (JobRun run : active) {
            Grant grant = grants.get(run.id());
            if (grant != null) {
                ifAble(run, () -> run.grant(explained(run, grant, census)));
            }
        }
    }

    private Optional<Demand> demanded(JobRun run, WorkerRegistry.Census census) {
        boolean rests = run.failures().rests(run.now());
        if (wantsWorkers(run) && !rests) {
            return Optional.of(demand(run, requirements(run, census)));
        }
        String why = rests ? run.failures().whyRests() : "it needs no workers any more";
        run.grant(new Grant(Set.of(), false, why));
        return Optional.empty();
    }

    /** Adds to a grant that can't be served why the workers there are can't serve the job. */
    private Grant explained(JobRun run, Grant grant, WorkerRegistry.Census census) {
        if (grant.served()) {
            return grant;
        }
        Set<String> objected = new TreeSet<>(excluded(run, census));
        String profile = JobController.profile(run);
        if (!profile.isEmpty()) {
            objected.addAll(census.others(profile, NAMED));
        }
        List<String> reasons = objected.stream()
                .limit(NAMED)
                .flatMap(name -> registry.find(name).stream())
                .flatMap(session -> session.objection(run).stream().map(why -> session.name() + ": " + why))
                .toList();
        return reasons.isEmpty()
                ? grant
                : new Grant(grant.workers(), false, grant.reason() + " (" + String.join("; ", reasons) + ")");
    }

    private static Set<String> excluded(JobRun run, WorkerRegistry.Census census) {
        return census.excluded(JobController.transport(run), run.failures().objected(run.now()));
    }

    /** Leaves all workers where they are, until it is known who comes back after a restart. */
    private void keepWorkers(JobRun run) {
        boolean runs = run.record().getState() == JobState.RUNNING;
        // Of those without a state it isn't known yet who has only helped.
        Map<Boolean, Set<String>> names = registry.of(run).stream()
                .filter(session -> !session.leaving())
                .collect(Collectors.partitioningBy(
                        session -> session.helpsOnly() || runs && !(session.state() instanceof WorkerState.Holding),
                        Collectors.mapping(WorkerSession::name, Collectors.toSet())));
        run.grant(new Grant(names.get(false), names.get(true), runs, "waits for workers to attend again"));
    }

    private List<Demand.AvailableWorker> availableWorkers() {
        return registry.all().stream()
                .filter(session -> !session.leaving())
                .filter(session -> session.run().map(Dispatcher::moves).orElse(true))
                .map(session -> new Demand.AvailableWorker(
                        session.name(),
                        session.hello().getProfile(),
                        session.run().map(JobRun::id).orElse(""),
                        session.run().filter(run -> !hasPlace(session, run)).isPresent(),
                        session.helpsOnly()))
                .toList();
    }

    /** Whether a worker has, or will have, its place among those who train; helpers that attend again have not. */
    private static boolean hasPlace(WorkerSession session, JobRun run) {
        boolean waits = run.record().getState() != JobState.RUNNING && !session.helpsOnly();
        return session.state() instanceof WorkerState.Holding || waits;
    }

    /** Whether workers can be taken from it; while it waits for its files it keeps those it has. */
    private static boolean moves(JobRun run) {
        return run.stall().able() && !run.stall().waits();
    }

    /** Whether it has steps to do and nobody wants it to stop. */
    private static boolean wantsWorkers(JobRun run) {
        return run.requestedHalt().isEmpty() && run.record().getSha256().isEmpty();
    }

    /** What the jobs would take if there were workers of every kind. */
    List<Demand> demands() {
        return queue.active().stream()
                .filter(Dispatcher::wantsWorkers)
                .map(run -> demand(run, ANY).with(helpersOnly(run)))
                .toList();
    }

    private int helpersOnly(JobRun run) {
        return (int) run.grant().helpers().stream()
                .filter(name ->
                        registry.find(name).filter(WorkerSession::helpsOnly).isPresent())
                .count();
    }

    private static Demand.Requirements requirements(JobRun run, WorkerRegistry.Census census) {
        String profile = JobController.profile(run);
        boolean uniform = run.record().getJob().getExact() && profile.isEmpty();
        return new Demand.Requirements(profile, uniform, excluded(run, census));
    }

    private static Demand demand(JobRun run, Demand.Requirements requirements) {
        JobRecord record = run.record();
        Job job = record.getJob();
        int least = job.getPlacement().getMinWorkers();
        int most = Demand.most(job.getPlacement(), job.getOptimization().getMicroBatches());
        long priority = Demand.effective(JobStatuses.priority(record), run.waited());
        Demand.Helpers helpers =
                Demand.Helpers.of(job.getPlacement(), run.help().paying(Helping.features(job)), Helping.teachers(job));
        return new Demand(
                run.id(), new Demand.Rank(priority, record.getSubmittedMs()), least, most, helpers, requirements);
    }

    /** Why each idle worker is not used by jobs that are active; empty if nothing is against it. */
    Function<WorkerSession, String> objections() {
        // Asked for between two rounds; the next one must still find what has changed.
        if (isChanged()) {
            situation = new Situation(List.of(), List.of());
        }
        return objections::of;
    }

    private void prepare(JobRun run) {
        if (!run.grant().served() || run.finishing()) {
            return;
        }
        helping.prepare(run);
        for (String name : run.grant().all()) {
            registry.find(name)
                    .filter(session -> session.run().isEmpty() && !session.leaving() && !session.helpsOnly())
                    .ifPresent(session -> {
                        session.prepare(run, run.now());
                    });
        }
    }
}
