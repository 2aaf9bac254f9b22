package org.simreg.coordinator.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.simreg.proto.Generation;
import org.simreg.proto.Generation.State;

/** Makes a generation of workers that are free. */
final class Formation {
    private final View view;
    private final List<String> before;

    Formation(View view) {
        this.view = view;
        this.before =
                view.known().last().getMembersList().stream()
                        .map(Generation.Member::getWorker)
                        .toList();
    }

    /** Whether a member's state counts, and its steps are told. */
    boolean holds(Member member) {
        return member.committed() <= view.known().steps().reported() && claims(member);
    }

    /** Whether a member's state is of the job's one line. */
    boolean claims(Member member) {
        return member.stand() instanceof Stand.Holding holding
                && holding.halted()
                && view.known().lineage().holds(holding.generation(), holding.committed());
    }

    /** The highest step that one of them holds; 0 if none. */
    long best(List<Member> members) {
        return members.stream().filter(this::holds).mapToLong(Member::committed).max().orElse(0);
    }

    /**
     * The next generation: survivors keep their order, newcomers come last.
     *
     * @param members who are free, at least 1
     * @param step it starts after: one that a member holds, the newest checkpoint's, or 0
     */
    Generation of(List<Member> members, long step, String reason) {
        List<Member> ranked = ranked(members);
        List<String> holders =
                ranked.stream()
                        .filter(member -> step > 0 && holds(member) && member.committed() == step)
                        .map(Member::worker)
                        .toList();
        List<Shares.Share> shares = Shares.of(view.ask().microBatches(), ranked.size());
        Generation.Builder next =
                Generation.newBuilder()
                        .setJob(view.known().last().getJob())
                        .setNumber(view.known().last().getNumber() + 1)
                        .setStep(step)
                        .setReason(reason);
        for (int rank = 0; rank < ranked.size(); rank++) {
            Shares.Share share = shares.get(rank);
            Generation.Member.Builder member =
                    Generation.Member.newBuilder()
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
            Generation.Member.Builder member,
            int rank,
            long step,
            List<String> holders,
            String first) {
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

    private List<Member> ranked(List<Member> members) {
        List<Member> ranked = new ArrayList<>(members);
        ranked.sort(
                Comparator.comparingInt((Member member) -> place(member.worker()))
                        .thenComparing(Member::worker));
        return ranked.subList(0, Math.min(ranked.size(), view.ask().microBatches()));
    }

    private int place(String worker) {
        int place = before.indexOf(worker);
        return place < 0 ? before.size() : place;
    }
}
