package org.simreg.coordinator.job.schedule;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.simreg.coordinator.job.schedule.Decision.AwaitWorkers;
import org.simreg.coordinator.job.schedule.Decision.Begin;
import org.simreg.coordinator.job.schedule.Decision.Complete;
import org.simreg.coordinator.job.schedule.Decision.Continue;
import org.simreg.coordinator.job.schedule.Decision.Release;
import org.simreg.coordinator.job.schedule.Decision.Stop;
import org.simreg.coordinator.job.schedule.Decision.Wait;
import org.simreg.coordinator.job.schedule.Phase.HaltReason;
import org.simreg.coordinator.job.schedule.Phase.Halting;
import org.simreg.coordinator.job.schedule.Phase.Idle;
import org.simreg.coordinator.job.schedule.Phase.Training;
import org.simreg.proto.Generation;

/** The scheduler of one job: a pure decision on what happens next, with its reason. */
public final class JobScheduler {
    /** Steps that members may be ahead of what has been heard of them, when all are to stop. */
    private static final int AHEAD = 2;

    private final JobView view;
    private final Generation last;
    private final JobView.Steps steps;
    private final GenerationPlanner planner;

    private JobScheduler(JobView view) {
        this.view = view;
        this.last = view.history().last();
        this.steps = view.history().steps();
        this.planner = new GenerationPlanner(view);
    }

    /** What happens next; the same view gives the same decision. */
    public static Decision decide(JobView view) {
        JobScheduler scheduler = new JobScheduler(view);
        if (view.history().trained()) {
            return scheduler.trained();
        }
        if (view.phase() instanceof Training training) {
            return scheduler.training(training);
        }
        if (view.phase() instanceof Halting halting) {
            return scheduler.halting(halting);
        }
        return scheduler.conclude(view.assignment().requestedHalt().orElse(HaltReason.REFORM), 0);
    }

    /**
     * Who can be let go now: what the job may not keep and needs no more. Holds after the decision
     * for the same view was carried out.
     */
    public static List<JobView.Member> unneeded(JobView view) {
        if (view.phase() instanceof Halting) {
            return List.of();
        }
        GenerationPlanner planner = new GenerationPlanner(view);
        boolean saved = view.phase() instanceof Idle idle && idle.saved();
        long checkpoint = view.history().steps().checkpoint();
        return view.members().stream()
                .filter(member -> !member.wanted())
                .filter(member -> !member.trains(view.history().last().getNumber()))
                .filter(member -> view.phase() instanceof Training
                        || saved
                        || member.committed() <= checkpoint
                        || !planner.claims(member))
                .toList();
    }

    private Decision trained() {
        // Of a generation that begins after the last step nobody reports any.
        boolean reports = last.getStep() < steps.total();
        for (JobView.Member member : view.members()) {
            boolean due = member.trains(last.getNumber()) && member.committed() < steps.total();
            if (reports && due) {
                return new Wait(member.worker() + " has not reported the last step yet");
            }
        }
        return new Complete("all " + steps.total() + " steps are done");
    }

    private Decision training(Training training) {
        Set<String> trains = trains();
        List<String> missing = last.getMembersList().stream()
                .map(Generation.Member::getWorker)
                .filter(worker -> !trains.contains(worker))
                .toList();
        if (missing.isEmpty()) {
            return training.grace() > 0
                    ? new Continue("all members of generation " + last.getNumber() + " are back")
                    : together();
        }
        boolean broken = view.members().stream().anyMatch(m -> missing.contains(m.worker()));
        if (!broken && view.now() < training.grace()) {
            return new Wait("waits for " + String.join(", ", missing) + " to attend again");
        }
        String reason = names(missing) + (broken ? " stopped" : " lost");
        return new Stop(new Halting(0, false, requested(), 0), reason);
    }

    /** All members train. */
    private Decision together() {
        boolean wanted = view.assignment().requestedHalt().isEmpty();
        if (!wanted) {
            return stop(AHEAD, true, requested(), "was asked to stop");
        }
        if (!view.assignment().grant().served()) {
            return stop(AHEAD, true, HaltReason.YIELD, view.assignment().grant().reason());
        }
        List<JobView.Member> going = view.members().stream()
                .filter(member -> !member.wanted() && member.trains(last.getNumber()))
                .toList();
        if (!going.isEmpty()) {
            boolean all = going.size() == last.getMembersCount();
            return stop(1, all, HaltReason.REFORM, names(workers(going)) + " leaves");
        }
        return joins();
    }

    private Decision joins() {
        Set<String> trains = trains();
        List<JobView.Member> joiners = view.members().stream()
                .filter(member -> member.wanted() && member.free())
                .filter(member -> !trains.contains(member.worker()))
                .toList();
        if (joiners.isEmpty() || steps.total() > 0 && steps.highest() + AHEAD >= steps.total()) {
            return new Wait("trains on " + names(workersOfLast()));
        }
        if (gathers(joiners)) {
            return new Wait("more workers are about to be ready");
        }
        return stop(AHEAD, false, HaltReason.REFORM, names(workers(joiners)) + " joins");
    }

    private Decision stop(int ahead, boolean checkpoint, HaltReason why, String reason) {
        return new Stop(new Halting(steps.highest() + ahead, checkpoint, why, 0), reason);
    }

    private Decision halting(Halting halting) {
        if (view.assignment().requestedHalt().isPresent() && halting.why() != requested()) {
            return new Stop(new Halting(halting.after(), true, requested(), halting.saves()), "was asked to stop");
        }
        List<JobView.Member> train =
                view.members().stream().filter(m -> m.trains(last.getNumber())).toList();
        if (halting.after() > 0 && !train.isEmpty() && train.size() < last.getMembersCount()) {
            // A member that has stopped where it was told to is not missed by the others.
            List<String> missed = missed(halting);
            if (!missed.isEmpty()) {
                return new Stop(
                        new Halting(0, halting.checkpoint(), halting.why(), halting.saves()), names(missed) + " lost");
            }
        }
        long stopBy = view.assignment().waits().stopBy();
        if (halting.after() > 0 && !train.isEmpty() && stopBy > 0 && view.now() >= stopBy) {
            // An evaluation, or a step that waits for somebody: whoever has to go can't.
            return new Stop(
                    new Halting(0, halting.checkpoint(), halting.why(), halting.saves()),
                    names(workers(train)) + " don't come to the end of the step in time");
        }
        return train.isEmpty()
                ? conclude(halting.why(), halting.saves())
                : new Wait("waits for " + names(workers(train)) + " to stop");
    }

    private List<String> missed(Halting halting) {
        Set<String> there = view.members().stream()
                .filter(member -> member.trains(last.getNumber()) || member.committed() >= halting.after())
                .map(JobView.Member::worker)
                .collect(Collectors.toSet());
        return workersOfLast().stream()
                .filter(worker -> !there.contains(worker))
                .toList();
    }

    /** Nobody trains any more. */
    private Decision conclude(HaltReason why, int saves) {
        for (JobView.Member member : view.members()) {
            if (member.trains(last.getNumber())) {
                return new Wait("waits for " + member.worker() + " to stop");
            }
            boolean untold = planner.claims(member) && !planner.holds(member);
            if (untold
                    && view.now() - member.since() < view.assignment().waits().grace()) {
                return new Wait("waits for the reports of " + member.worker());
            }
        }
        List<JobView.Member> candidates =
                view.members().stream().filter(m -> m.wanted() && m.free()).toList();
        boolean can = why == HaltReason.REFORM
                && view.assignment().grant().served()
                && candidates.size() >= view.assignment().least();
        long best = planner.best(view.members());
        long kept = Math.max(steps.checkpoint(), can ? planner.best(candidates) : 0);
        boolean saved = saves > 0 || view.phase() instanceof Idle idle && idle.saved();
        if (best > kept && !saved) {
            return save(best, why);
        }
        if (can) {
            return begin(candidates, kept);
        }
        return why == HaltReason.PAUSE || why == HaltReason.CANCEL
                ? new Release(why, "after step " + steps.ledger())
                : awaitWorkers(candidates.size(), saved);
    }

    private Decision awaitWorkers(int ready, boolean saved) {
        long since = view.phase() instanceof Idle idle ? idle.since() : view.now();
        String reason = view.assignment().grant().served()
                ? "waits until " + view.assignment().least() + " of its workers are ready, " + ready + " are"
                : view.assignment().grant().reason();
        return new AwaitWorkers(new Idle(since, saved), reason);
    }

    /** A generation of those who hold the state, only for rank 0 to store it. */
    private Decision save(long step, HaltReason why) {
        List<JobView.Member> holders = view.members().stream()
                .filter(member -> planner.holds(member) && member.committed() == step)
                .toList();
        Generation generation = planner.of(holders, step, "stores a checkpoint before its workers go");
        return new Begin(generation, step < steps.ledger(), new Halting(0, true, why, 1));
    }

    private Decision begin(List<JobView.Member> candidates, long step) {
        if (view.phase() instanceof Idle idle) {
            if (gathers(candidates)) {
                return new Wait("more workers are about to be ready");
            }
            if (step < steps.ledger()
                    && view.now() - idle.since() < view.assignment().waits().grace()) {
                return new Wait("waits for a worker that holds step " + steps.ledger());
            }
        } else if (step < steps.ledger()) {
            // Whoever was lost this moment may come back with what it holds.
            return new AwaitWorkers(
                    new Idle(view.now(), false), "waits for a worker that holds step " + steps.ledger());
        }
        String reason = reason(candidates);
        Generation generation = planner.of(candidates, step, reason);
        return new Begin(generation, step < steps.ledger(), new Training(0));
    }

    private String reason(List<JobView.Member> candidates) {
        if (last.getNumber() == 0) {
            return "the job begins with " + names(workers(candidates));
        }
        Set<String> now = new TreeSet<>(workers(candidates));
        List<String> gone =
                workersOfLast().stream().filter(w -> !now.contains(w)).toList();
        workersOfLast().forEach(now::remove);
        List<String> parts = new ArrayList<>();
        if (!now.isEmpty()) {
            parts.add(names(List.copyOf(now)) + " joined");
        }
        if (!gone.isEmpty()) {
            parts.add(names(gone) + " left");
        }
        return parts.isEmpty() ? "the same workers go on" : String.join(", ", parts);
    }

    private boolean gathers(List<JobView.Member> ready) {
        boolean more = view.members().stream().anyMatch(m -> m.wanted() && m.state() instanceof WorkerState.Preparing);
        long since = ready.stream().mapToLong(JobView.Member::since).min().orElse(0);
        return more && view.now() - since < view.assignment().waits().gather();
    }

    private HaltReason requested() {
        return view.assignment().requestedHalt().orElse(HaltReason.REFORM);
    }

    private Set<String> trains() {
        return view.members().stream()
                .filter(member -> member.trains(last.getNumber()))
                .map(JobView.Member::worker)
                .collect(Collectors.toSet());
    }

    private List<String> workersOfLast() {
        return last.getMembersList().stream().map(Generation.Member::getWorker).toList();
    }

    private static List<String> workers(List<JobView.Member> members) {
        return members.stream().map(JobView.Member::worker).toList();
    }

    private static String names(List<String> workers) {
        int most = 4;
        return workers.size() <= most
                ? String.join(", ", workers)
                : String.join(", ", workers.subList(0, most)) + " and " + (workers.size() - most) + " more";
    }
}
