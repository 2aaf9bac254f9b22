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
        HELP,
        STUDENT,
        REDUCE,
        UPDATE
    }

    private final Map<Part, Long> nanos = new EnumMap<>(Part.class);
    /** Weight of the newest feature in the mean of their times. */
    private static final double NEWEST = 0.25;

    private final long[] teachers;
    private final double[] computing;
    private int features;
    private int ahead;
    private long begun = System.nanoTime();
    private long mark = begun;

    /**
     * @param teachers how many there are
     */
    public StepClock(int teachers) {
        this.teachers = new long[teachers];
        computing = new double[teachers];
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

    /** The same for features that were computed, not read. */
    void chargeComputed(int teacher) {
        double took = System.nanoTime() - mark;
        double before = computing[teacher];
        computing[teacher] = before == 0 ? took : (1 - NEWEST) * before + NEWEST * took;
        features++;
        chargeTeacher(teacher);
    }

    /** Charges the time since the last mark to the waiting for a helper's features, which have come. */
    void chargeGiven() {
        features++;
        ahead++;
        charge(Part.HELP);
    }

    /** What one teacher's features of a micro-batch take here, in nanoseconds; 0 before it is known. */
    double computing(int teacher) {
        return computing[teacher];
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
                .setHelpSeconds(seconds(Part.HELP))
                .setFeatures(features)
                .setFeaturesAhead(ahead)
                .setFeatureSeconds(Arrays.stream(computing).average().orElse(0) / 1e9)
                .setSeconds((now - begun) / 1e9);
        if (teachers.length > 1) {
            Arrays.stream(teachers).forEach(time -> done.addEachTeacherSeconds(time / 1e9));
        }
        nanos.clear();
        features = 0;
        ahead = 0;
        Arrays.fill(teachers, 0);
        begun = now;
        mark = now;
        return done;
    }

    private double seconds(Part part) {
        return nanos.getOrDefault(part, 0L) / 1e9;
    }
}
