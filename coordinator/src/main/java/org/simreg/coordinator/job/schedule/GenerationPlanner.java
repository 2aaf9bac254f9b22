package org.simreg.coordinator.job.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.State;
import org.simreg.proto.GenerationBegun.Cause;

/**
 * The planner of generations: who is a member, in which rank, with which micro-batches, and where
 * each gets the state.
 *
 * <pre>
 *                Begin              Halt              all have halted
 *   planned ------------> trains ------------> halts -----------------> over
 *                           |                                           ^
 *                           '------ Trained, after the last step -------'
 * </pre>
 *
 * <p>The next generation goes on from the highest step that a member holds or that a checkpoint
 * has; then {@link Lineage} tells which states still count.
 */
public final class GenerationPlanner {
    private final JobView view;
    private final List<String> before;

    GenerationPlanner(JobView view) {
        this.view = view;
        this.before = view.history().last().getMembersList().stream()
                .map(Generation.Member::getWorker)
                .toList();
    }

    /** Whether a member has such a state, and all its steps have been reported. */
    boolean holds(JobView.Member member) {
        return member.committed() <= view.history().steps().reported() && claims(member);
    }

    /** Whether a member has halted with a state of the job's {@link Lineage}. */
    boolean claims(JobView.Member member) {
        return member.state() instanceof WorkerState.Holding holding
                && holding.halted()
                && view.history().lineage().holds(holding.generation(), holding.committed());
    }

    /** The highest step that one of them holds; 0 if none. */
    long best(List<JobView.Member> members) {
        return members.stream()
                .filter(this::holds)
                .mapToLong(JobView.Member::committed)
                .max()
                .orElse(0);
    }

    /**
     * The next generation: survivors keep their order, newcomers come last.
     *
     * @param members who are free, at least 1
     * @param step it starts after: one that a member holds, the newest checkpoint's, or 0
     */
    Generation of(List<JobView.Member> members, long step, String reason) {
        List<JobView.Member> ranked = ranked(members);
        List<String> holders = ranked.stream()
                .filter(member -> step > 0 && holds(member) && member.committed() == step)
                .map(JobView.Member::worker)
                .toList();
        List<MicroBatchShares.Share> shares =
                MicroBatchShares.of(view.assignment().microBatches(), ranked.size());
        Generation.Builder next = Generation.newBuilder()
                .setJob(view.history().last().getJob())
                .setNumber(view.history().last().getNumber() + 1)
                .setStep(step)
                .setReason(reason);
        for (int rank = 0; rank < ranked.size(); rank++) {
            MicroBatchShares.Share share = shares.get(rank);
            Generation.Member.Builder member = Generation.Member.newBuilder()
                    .setWorker(ranked.get(rank).worker())
                    .setAddress(ranked.get(rank).address())
                    .setFirst(share.first())
                    .setCount(share.count());
            next.addMembers(source(member, rank, step, holders, ranked.get(0).worker()));
        }
        return next.build();
    }

    /** Peers take turns, so that many newcomers don't ask one. */
    private static Generation.Member.Builder source(
            Generation.Member.Builder member, int rank, long step, List<String> holders, String first) {
        if (step == 0) {
            return member.setState(State.FRESH);
        }
        if (holders.isEmpty()) {
            return rank == 0
                    ? member.setState(State.CHECKPOINT)
                    : member.setState(State.PEER).setPeer(first);
        }
        return holders.contains(member.getWorker())
                ? member.setState(State.HELD)
                : member.setState(State.PEER).setPeer(holders.get(rank % holders.size()));
    }

    private List<JobView.Member> ranked(List<JobView.Member> members) {
        List<JobView.Member> ranked = new ArrayList<>(members);
        ranked.sort(Comparator.comparingInt((JobView.Member member) -> place(member.worker()))
                .thenComparing(JobView.Member::worker));
        return ranked.subList(0, Math.min(ranked.size(), view.assignment().microBatches()));
    }

    private int place(String worker) {
        int place = before.indexOf(worker);
        return place < 0 ? before.size() : place;
    }

    /**
     * Why a generation follows another, in one word.
     *
     * @param before the generation that ends; without members if there was none
     * @param attends whether a worker is still there
     */
    public static Cause cause(Generation before, Decision.Begin begin, Predicate<String> attends) {
        if (before.getMembersCount() == 0) {
            return Cause.BEGIN;
        }
        Set<String> come = workers(begin.generation());
        Set<String> gone = workers(before);
        gone.removeAll(come);
        come.removeAll(workers(before));
        if (gone.stream().anyMatch(attends.negate())) {
            return Cause.LOSS;
        }
        if (begin.then() instanceof Phase.Halting) {
            return Cause.CHECKPOINT;
        }
        if (gone.isEmpty()) {
            return come.isEmpty() ? Cause.SAME : Cause.JOIN;
        }
        return come.isEmpty() ? Cause.LEAVE : Cause.EXCHANGE;
    }

    private static Set<String> workers(Generation generation) {
        Set<String> workers = new LinkedHashSet<>();
        generation.getMembersList().forEach(member -> workers.add(member.getWorker()));
        return workers;
    }
}
