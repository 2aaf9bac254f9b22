package org.simreg.coordinator.job.help;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.simreg.proto.Committed;
import org.simreg.proto.Help;
import org.simreg.proto.JobStatus;
import org.simreg.proto.StepDone;

/** The help that a job gets: what its steps cost, who helps now, and how much of the features each has given lately. */
public final class JobHelp {
    /** Whole of a part, as orders have it. */
    private static final int WHOLE = 256;

    /** How far a number must be from the one before to take its place: orders are to last. */
    private static final double SLACK = 0.2;

    private static final int PART_SLACK = 24;

    /** As many as workers. */
    private static final int MOST = 4096;

    /** Weight of the newest report in what a helper's share is of. */
    private static final double NEWEST = 0.05;

    private final Map<String, Double> given = new HashMap<>();
    private StepCost cost = StepCost.UNKNOWN;
    private double needed;
    private int paying;
    private int part = WHOLE;
    private Help order = Help.getDefaultInstance();
    private List<String> told = List.of();

    /**
     * Takes a member's report of a step.
     *
     * @param leads whether it is of the member whose times count
     */
    public void report(Committed report, boolean leads) {
        StepDone step = report.getStep();
        if (leads) {
            cost = cost.next(step);
        }
        // Of all members, so that each helper's share is of all features.
        double old = 1 - NEWEST;
        given.replaceAll((helper, features) -> old * features);
        needed = old * needed + step.getFeatures();
        report.getHelpedMap().forEach((helper, features) -> given.merge(helper, (double) features, Double::sum));
    }

    /**
     * How many helpers pay, reckoned as if each held all teachers: one that holds some computes as many features, if of
     * fewer teachers.
     *
     * @param all features of a whole step
     */
    public int paying(int all) {
        double exact = cost.paying(all);
        if (exact > paying + SLACK || exact < paying - 1 - SLACK) {
            paying = (int) Math.ceil(Math.min(MOST, exact) - SLACK);
        }
        return paying;
    }

    /**
     * The part of {@value #WHOLE} features of the teachers that are held which so many helpers compute: of each the same,
     * though some may have more holders than others.
     *
     * @param all features of a whole step
     * @param held part of the teachers that some helper holds, 0 to 1
     */
    public int part(int all, int helpers, double held) {
        double share =
                held == 1 ? cost.part(all, helpers) : cost.held(held).part((int) Math.round(all * held), helpers);
        int exact = (int) Math.max(1, Math.floor(WHOLE * share));
        boolean ends = exact == WHOLE && part != WHOLE;
        if (ends || Math.abs(exact - part) > PART_SLACK) {
            part = exact;
        }
        return part;
    }

    /** What was ordered last. */
    public Help order() {
        return order;
    }

    /** Whether that was told to these workers, and is still so. */
    public boolean isTold(Help.Builder wanted, List<String> workers) {
        return told.equals(workers)
                && order.getMembersList().equals(wanted.getMembersList())
                && order.getHelpersList().equals(wanted.getHelpersList())
                && (order.getPart() == wanted.getPart() || order.getHelpersCount() == 0);
    }

    /**
     * Something else is ordered.
     *
     * @param workers who are told
     * @param now milliseconds; unlike a count its number differs from those of a coordinator of the past
     */
    public Help order(Help.Builder next, List<String> workers, long now) {
        order = next.setNumber(Math.max(order.getNumber() + 1, now)).build();
        told = List.copyOf(workers);
        given.keySet()
                .retainAll(order.getHelpersList().stream()
                        .map(Help.Helper::getWorker)
                        .toList());
        return order;
    }

    /** The helpers of now with their shares. */
    public List<JobStatus.Helper> shares() {
        return order.getHelpersList().stream()
                .map(helper -> JobStatus.Helper.newBuilder()
                        .setWorker(helper.getWorker())
                        .addAllTeachers(helper.getTeachersList())
                        .setShare(needed == 0 ? 0 : given.getOrDefault(helper.getWorker(), 0.0) / needed)
                        .build())
                .toList();
    }
}
