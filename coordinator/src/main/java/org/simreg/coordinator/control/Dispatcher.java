package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.simreg.coordinator.job.JobQueue;
import org.simreg.coordinator.job.JobRun;
import org.simreg.coordinator.job.schedule.Allotment;
import org.simreg.coordinator.job.schedule.Allotment.Grant;
import org.simreg.coordinator.job.schedule.Demand;
import org.simreg.coordinator.job.schedule.Phase;
import org.simreg.proto.Job;
import org.simreg.proto.JobRecord;
import org.simreg.proto.JobState;

/**
 * The dispatcher: hands the workers to the jobs, has each job decided on, and orders idle workers
 * to load theirs.
 */
final class Dispatcher {
    /** A crash of the coordinator costs the workers so many milliseconds of repeated reports. */
    private static final long SYNC_MS = 200;

    private final JobQueue queue;
    private final WorkerRegistry attendance;
    private final JobController steering;
    private final JobGuard guard;

    Dispatcher(JobQueue queue, WorkerRegistry attendance, JobController steering, JobGuard guard) {
        this.queue = queue;
        this.attendance = attendance;
        this.steering = steering;
        this.guard = guard;
    }

    /** Everything that can be done now. */
    void all() {
        allot();
        for (JobRun run : queue.active()) {
            guard.with(run, () -> steering.steer(run));
        }
        for (JobRun run : queue.active()) {
            guard.with(run, () -> prepare(run));
        }
        for (WorkerSession one : attendance.all()) {
            if (one.leaving() && one.run().isEmpty() && !one.released()) {
                one.release();
                one.send(Orders.drop("", "it may leave", true));
            }
        }
    }

    /** Something of one job, and what follows from it. */
    void after(JobRun run, Runnable action) {
        guard.with(
                run,
                () -> {
                    action.run();
                    steering.steer(run);
                });
    }

    /** Has the members of a job's generation stop and begin another one. */
    void reform(JobRun run, String reason) {
        guard.with(run, () -> steering.reform(run, reason));
    }

    /** Tells the workers what they need not keep any more. */
    void acknowledge(JobRun run) {
        run.advance().syncAfter(SYNC_MS);
        long synced = run.advance().synced();
        attendance.at(run).forEach(one -> one.acknowledge(run, synced));
    }

    private void allot() {
        List<JobRun> active = queue.active();
        boolean grace =
                active.stream()
                        .anyMatch(
                                run ->
                                        run.phase() instanceof Phase.Training training
                                                && training.grace() > 0);
        if (grace) {
            active.forEach(this::keepWorkers);
            return;
        }
        List<Demand> demands = new ArrayList<>();
        for (JobRun run : active) {
            if (wantsWorkers(run)) {
                demands.add(demand(run, requirements(run)));
            } else {
                run.grant(new Grant(Set.of(), false, "it needs no workers any more"));
            }
        }
        Map<String, Grant> grants = Allotment.of(availableWorkers(), demands);
        active.forEach(
                run ->
                        Optional.ofNullable(grants.get(run.id()))
                                .ifPresent(grant -> run.grant(explained(run, grant))));
    }

    /** Why nobody comes is seldom that there are too few. */
    private Grant explained(JobRun run, Grant grant) {
        if (grant.served()) {
            return grant;
        }
        List<String> reasons = new ArrayList<>();
        for (WorkerSession one : attendance.all()) {
            against(one, run).ifPresent(reason -> reasons.add(one.name() + ": " + reason));
        }
        if (reasons.isEmpty()) {
            return grant;
        }
        String first = String.join("; ", reasons.subList(0, Math.min(3, reasons.size())));
        return new Grant(grant.workers(), false, grant.reason() + " (" + first + ")");
    }

    /** Nobody is moved until it is known who comes back after a start of the coordinator. */
    private void keepWorkers(JobRun run) {
        Set<String> names =
                attendance.at(run).stream()
                        .filter(one -> !one.leaving())
                        .map(WorkerSession::name)
                        .collect(Collectors.toSet());
        boolean runs = run.record().getState() == JobState.RUNNING;
        run.grant(new Grant(names, runs, "waits for workers to attend again"));
    }

    private List<Demand.AvailableWorker> availableWorkers() {
        return attendance.all().stream()
                .filter(one -> !one.leaving())
                .map(
                        one ->
                                new Demand.AvailableWorker(
                                        one.name(),
                                        one.hello().getProfile(),
                                        one.run().map(JobRun::id).orElse("")))
                .toList();
    }

    /** Whether it has steps to do and nobody wants it to stop. */
    private static boolean wantsWorkers(JobRun run) {
        return run.requestedHalt().isEmpty() && run.record().getSha256().isEmpty();
    }

    /** What the jobs would take if there were workers of every kind. */
    List<Demand> demands() {
        Demand.Requirements any = new Demand.Requirements("", false, Set.of());
        return queue.active().stream()
                .filter(Dispatcher::wantsWorkers)
                .map(run -> demand(run, any))
                .toList();
    }

    private Demand.Requirements requirements(JobRun run) {
        JobRecord record = run.record();
        Job job = record.getJob();
        Set<String> excluded = new HashSet<>();
        for (WorkerSession one : attendance.all()) {
            if (against(one, run).isPresent()) {
                excluded.add(one.name());
            }
        }
        boolean decided = !record.getProfile().isEmpty();
        return new Demand.Requirements(
                job.getExact() ? record.getProfile() : "", job.getExact() && !decided, excluded);
    }

    private static Demand demand(JobRun run, Demand.Requirements requirements) {
        JobRecord record = run.record();
        Job job = record.getJob();
        int least = job.getPlacement().getMinWorkers();
        int most = Demand.most(job.getPlacement(), job.getOptimization().getMicroBatches());
        long priority = Demand.effective(job.getPlacement(), run.waited());
        return new Demand(
                run.id(),
                new Demand.Rank(priority, record.getSubmittedMs()),
                least,
                most,
                requirements);
    }

    /** Why a worker can't serve a job, whoever is free; empty if it can. */
    Optional<String> against(WorkerSession one, JobRun run) {
        JobRecord record = run.record();
        String profile = record.getProfile();
        if (record.getJob().getExact()
                && !profile.isEmpty()
                && !profile.equals(one.hello().getProfile())) {
            return Optional.of(
                    "its profile is %s, and the job has to keep %s"
                            .formatted(one.hello().getProfile(), profile));
        }
        String transport = JobController.transport(run);
        return one.hello().containsAddresses(transport)
                ? run.failures().against(one.key(), run.now())
                : Optional.of("it has no address for the transport " + transport);
    }

    /** Why an idle worker is not used by jobs that are active; empty if nothing is against it. */
    String against(WorkerSession one) {
        if (one.run().isPresent()) {
            return "";
        }
        Map<String, String> reasons = new HashMap<>();
        for (JobRun run : queue.active()) {
            against(one, run).ifPresent(reason -> reasons.put(run.id(), reason));
        }
        return reasons.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(entry -> entry.getKey() + ": " + entry.getValue())
                .collect(Collectors.joining("; "));
    }

    private void prepare(JobRun run) {
        if (!run.grant().served() || run.finishing()) {
            return;
        }
        for (String name : run.grant().workers()) {
            attendance
                    .find(name)
                    .filter(one -> one.run().isEmpty() && !one.leaving())
                    .ifPresent(
                            one -> {
                                one.prepare(run, run.now());
                            });
        }
    }
}
