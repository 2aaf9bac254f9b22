package org.simreg.coordinator.job.help;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.job.help.TeacherAssignment.Holder;

/** Which worker holds which teachers: as even as can be had for few loads. */
class TeacherAssignmentTest {
    private static Holder newcomer(int most) {
        return new Holder(most, List.of());
    }

    private static Holder holds(Integer... teachers) {
        return new Holder(teachers.length, List.of(teachers));
    }

    private static double[] loads(int teachers, Map<String, List<Integer>> assigned) {
        double[] loads = new double[teachers];
        assigned.values().forEach(own -> own.forEach(teacher -> loads[teacher] += 1.0 / own.size()));
        return loads;
    }

    @Test
    void newcomersGetTheTeachersWithTheLeastHolders() {
        assertEquals(
                Map.of("a", List.of(0), "b", List.of(1), "c", List.of(2), "d", List.of(0)),
                TeacherAssignment.of(
                        3, Map.of("a", newcomer(1), "b", newcomer(1), "c", newcomer(1), "d", newcomer(1))));
        assertEquals(
                Map.of("a", List.of(0, 1), "b", List.of(0, 2)),
                TeacherAssignment.of(3, Map.of("a", newcomer(2), "b", newcomer(2))),
                "half of the first one's each");
    }

    @Test
    void whoMayHoldMoreThanThereAreHoldsAll() {
        assertEquals(Map.of("a", List.of(0, 1)), TeacherAssignment.of(2, Map.of("a", newcomer(7))));
    }

    @Test
    void whoHoldsSomeKeepsThemWhileTheSpreadIsTolerable() {
        assertEquals(
                Map.of("a", List.of(0), "b", List.of(0), "c", List.of(1)),
                TeacherAssignment.of(2, Map.of("a", holds(0), "b", holds(0), "c", holds(1))));
        assertEquals(
                Map.of("a", List.of(1), "b", List.of(0)),
                TeacherAssignment.of(2, Map.of("a", holds(1), "b", newcomer(1))));
    }

    @Test
    void theLastHolderOfATeacherIsReplacedByOneOfMany() {
        assertEquals(
                Map.of("a", List.of(0), "b", List.of(1)),
                TeacherAssignment.of(2, Map.of("a", holds(0), "b", holds(0))));
        assertEquals(
                Map.of("a", List.of(0), "b", List.of(0), "c", List.of(1)),
                TeacherAssignment.of(2, Map.of("a", holds(0), "b", holds(0), "c", newcomer(1))),
                "a newcomer, if there is one");
    }

    @Test
    void teachersThatTheJobHasNotAreNotKept() {
        assertEquals(Map.of("a", List.of(0)), TeacherAssignment.of(1, Map.of("a", holds(3))));
    }

    @Test
    void itIsEvenAndAsksForNothingAgainWhileNothingChanges() {
        SplittableRandom random = new SplittableRandom(1);
        for (int round = 0; round < 300; round++) {
            int teachers = 1 + random.nextInt(5);
            Map<String, Holder> holders = new HashMap<>();
            for (int change = 0; change < 12; change++) {
                String name = "w" + random.nextInt(8);
                if (holders.remove(name) == null) {
                    holders.put(name, newcomer(1 + random.nextInt(3)));
                }
                Map<String, List<Integer>> assigned = TeacherAssignment.of(teachers, new TreeMap<>(holders));
                assertEquals(holders.keySet(), assigned.keySet());
                holders.replaceAll((worker, holder) -> new Holder(holder.most(), assigned.get(worker)));
                holders.forEach((worker, holder) -> assertEquals(
                        Math.min(teachers, holder.most()),
                        holder.held().stream().distinct().count()));
                assertEquals(assigned, TeacherAssignment.of(teachers, holders), "nothing has changed");
                double[] loads = loads(teachers, assigned);
                double most = IntStream.range(0, teachers)
                        .mapToDouble(i -> loads[i])
                        .max()
                        .orElseThrow();
                double least = IntStream.range(0, teachers)
                        .mapToDouble(i -> loads[i])
                        .min()
                        .orElseThrow();
                assertTrue(2 * least > most - 1e-6 || most - least < 2 - 1e-6, assigned.toString());
            }
        }
    }
}
