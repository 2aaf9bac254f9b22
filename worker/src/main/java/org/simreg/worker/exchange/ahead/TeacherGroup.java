package org.simreg.worker.exchange.ahead;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Frozen teachers that the same helpers hold, in a {@link HelpPlan}: those helpers compute their features in turn. A
 * helper that holds teachers of other groups too has fewer turns, as if all teachers cost the same.
 *
 * @param teachers in ascending order
 * @param turns numbers of the holders, in the order in which they take their turns, again and again
 * @param offset of {@link HelpPlan#WHOLE} features, so that groups don't all take theirs in the same steps
 */
record TeacherGroup(List<Integer> teachers, List<Integer> turns, int offset) {
    /** Turns of a helper with one teacher, divided evenly by most numbers of teachers. */
    private static final int TURNS = 60;

    /**
     * A turn of a helper.
     *
     * @param place in the round, 0 to 1
     */
    private record Turn(double place, int helper) {}

    TeacherGroup {
        teachers = List.copyOf(teachers);
        turns = List.copyOf(turns);
    }

    /**
     * The group of some teachers.
     *
     * @param holders numbers of the helpers that hold them, ascending, at least one
     * @param counts teachers that each of all helpers holds
     */
    static TeacherGroup of(List<Integer> teachers, List<Integer> holders, List<Integer> counts, int offset) {
        boolean alike = holders.stream().map(counts::get).distinct().count() == 1;
        List<Turn> turns = new ArrayList<>();
        for (int holder : holders) {
            int own = alike ? 1 : Math.max(1, TURNS / counts.get(holder));
            for (int i = 0; i < own; i++) {
                turns.add(new Turn((2 * i + 1.0) / (2 * own), holder));
            }
        }
        turns.sort(Comparator.comparingDouble(Turn::place).thenComparing(Turn::helper));
        return new TeacherGroup(teachers, turns.stream().map(Turn::helper).collect(Collectors.toList()), offset);
    }

    /** Of so many features of a member the helpers compute as many. */
    long taken(long features, int part) {
        return (features * part + offset) / HelpPlan.WHOLE;
    }

    /** Number of the helper whose turn it is. */
    int holder(long turn) {
        return turns.get((int) (turn % turns.size()));
    }
}
