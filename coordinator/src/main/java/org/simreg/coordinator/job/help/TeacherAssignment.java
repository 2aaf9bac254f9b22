package org.simreg.coordinator.job.help;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * The assignment of a job's frozen teachers to workers that only help and hold some of them: a pure function, by which
 * every teacher has about as much help. A worker counts at each of its teachers for its part: one with two teachers is
 * half a holder of either.
 *
 * <p>To load teachers costs more than an uneven share, so who holds some keeps them, unless one teacher has less than
 * half the holders of another: newcomers even out the rest.
 */
public final class TeacherAssignment {
    private static final double ROUNDING = 1e-9;

    private final int teachers;
    private final SortedMap<String, Holder> holders;
    private final SortedMap<String, List<Integer>> assigned = new TreeMap<>();
    private final double[] loads;

    /**
     * A worker that only helps.
     *
     * @param most teachers that it may hold, at least 1
     * @param held those that it holds or is loading, ascending; empty: none
     */
    public record Holder(int most, List<Integer> held) {}

    private TeacherAssignment(int teachers, Map<String, Holder> holders) {
        this.teachers = teachers;
        this.holders = new TreeMap<>(holders);
        loads = new double[teachers];
    }

    /**
     * Assigns teachers.
     *
     * @param teachers frozen teachers of the job
     * @param holders by name of the worker
     * @return of each worker the numbers of its teachers, ascending: as many as it may hold, or all
     */
    public static SortedMap<String, List<Integer>> of(int teachers, Map<String, Holder> holders) {
        TeacherAssignment assignment = new TeacherAssignment(teachers, holders);
        assignment.keep();
        assignment.add();
        assignment.even();
        return assignment.assigned;
    }

    private int count(String worker) {
        return Math.min(teachers, holders.get(worker).most);
    }

    private void keep() {
        holders.forEach((worker, holder) -> {
            boolean fits =
                    holder.held.size() == count(worker) && holder.held.stream().allMatch(teacher -> teacher < teachers);
            if (fits) {
                assign(worker, holder.held);
            }
        });
    }

    /** Newcomers get the teachers with the least holders. */
    private void add() {
        for (String worker : holders.keySet()) {
            if (!assigned.containsKey(worker)) {
                assign(
                        worker,
                        IntStream.range(0, teachers)
                                .boxed()
                                .sorted(Comparator.comparingDouble(teacher -> loads[teacher]))
                                .limit(count(worker))
                                .sorted()
                                .toList());
            }
        }
    }

    private void assign(String worker, List<Integer> to) {
        List<Integer> before = assigned.put(worker, to);
        double part = 1.0 / count(worker);
        if (before != null) {
            before.forEach(teacher -> loads[teacher] -= part);
        }
        to.forEach(teacher -> loads[teacher] += part);
    }

    /** Each exchange brings two teachers nearer to each other, so there is an end. */
    private void even() {
        boolean changed = true;
        while (changed) {
            List<Integer> byLoad = IntStream.range(0, teachers)
                    .boxed()
                    .sorted(Comparator.comparingDouble(teacher -> loads[teacher]))
                    .toList();
            changed = teachers > 1 && exchange(byLoad.get(teachers - 1), byLoad.get(0));
        }
    }

    /** Has one worker hold another teacher, if that must be; the last one by name. */
    private boolean exchange(int many, int few) {
        double gap = loads[many] - loads[few];
        if (2 * loads[few] >= loads[many] - ROUNDING) {
            return false;
        }
        String moved = null;
        for (Map.Entry<String, List<Integer>> entry : assigned.entrySet()) {
            List<Integer> own = entry.getValue();
            boolean nearer = gap >= 2.0 / own.size() - ROUNDING;
            if (own.contains(many) && !own.contains(few) && nearer) {
                moved = entry.getKey();
            }
        }
        if (moved == null) {
            return false;
        }
        List<Integer> next = new ArrayList<>(assigned.get(moved));
        next.set(next.indexOf(many), few);
        assign(moved, next.stream().sorted().toList());
        return true;
    }
}
