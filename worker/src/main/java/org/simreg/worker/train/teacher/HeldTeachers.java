package org.simreg.worker.train.teacher;

import java.util.List;
import java.util.TreeSet;

/**
 * The frozen teachers of a job that a worker holds: all, or some if it only helps. What is made of them stands in lists
 * that have a place for each of those only.
 *
 * @param numbers in the job's order, from 0, ascending; empty: all
 */
public record HeldTeachers(List<Integer> numbers) {
    /** All teachers. */
    public static final HeldTeachers ALL = new HeldTeachers(List.of());

    public HeldTeachers {
        numbers = List.copyOf(new TreeSet<>(numbers));
    }

    public boolean isAll() {
        return numbers.isEmpty();
    }

    public boolean has(int teacher) {
        return isAll() || numbers.contains(teacher);
    }

    /** The place of a teacher that is held. */
    public int place(int teacher) {
        return isAll() ? teacher : numbers.indexOf(teacher);
    }

    /** The number of the teacher in a place. */
    int number(int place) {
        return isAll() ? place : numbers.get(place);
    }

    /** What there is of those that are held, of something that there is of each teacher. */
    <T> List<T> of(List<T> each) {
        return isAll() ? each : numbers.stream().map(each::get).toList();
    }
}
