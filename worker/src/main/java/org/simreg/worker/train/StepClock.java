package org.simreg.worker.train;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.simreg.proto.StepDone;

/** The wall time of a step, by the parts that it was spent in. */
public final class StepClock {
    /** A part of a step. */
    enum Part {
        DATA,
        TEACHER,
        STUDENT,
        REDUCE,
        UPDATE
    }

    private final Map<Part, Long> nanos = new EnumMap<>(Part.class);
    private final long[] teachers;
    private long begun = System.nanoTime();
    private long mark = begun;

    /**
     * @param teachers how many there are
     */
    public StepClock(int teachers) {
        this.teachers = new long[teachers];
    }

    /** Charges the time since the last mark to a part. */
    void charge(Part part) {
        long now = System.nanoTime();
        nanos.merge(part, now - mark, Long::sum);
        mark = now;
    }

    /** Charges the time since the last mark to one of the teachers. */
    void chargeTeacher(int teacher) {
        long before = mark;
        charge(Part.TEACHER);
        teachers[teacher] += mark - before;
    }

    /** Leaves the time since the last mark uncharged: an evaluation is no part of a step. */
    void skip() {
        long now = System.nanoTime();
        begun += now - mark;
        mark = now;
    }

    /** Writes the times since the last call and starts anew. */
    StepDone.Builder read() {
        long now = System.nanoTime();
        StepDone.Builder done = StepDone.newBuilder()
                .setDataSeconds(seconds(Part.DATA))
                .setTeacherSeconds(seconds(Part.TEACHER))
                .setStudentSeconds(seconds(Part.STUDENT))
                .setReduceSeconds(seconds(Part.REDUCE))
                .setUpdateSeconds(seconds(Part.UPDATE))
                .setSeconds((now - begun) / 1e9);
        if (teachers.length > 1) {
            Arrays.stream(teachers).forEach(time -> done.addEachTeacherSeconds(time / 1e9));
        }
        nanos.clear();
        Arrays.fill(teachers, 0);
        begun = now;
        mark = now;
        return done;
    }

    private double seconds(Part part) {
        return nanos.getOrDefault(part, 0L) / 1e9;
    }
}
