package org.simreg.coordinator.run.log;

import java.util.LinkedHashMap;
import java.util.Map;
import org.simreg.proto.StepDone;

/**
 * The names that a run's events have for people: of the parts of a training step, and of the
 * networks that an evaluation measures.
 */
public final class EventNames {
    /** The trained student, as {@code EvaluationDone.subject} names it. */
    public static final String STUDENT = "student";

    /** The average of the student's weights. */
    public static final String AVERAGE = "student average";

    /** The student before its first step. */
    static final String RANDOM_STUDENT = "student at random";

    private static final String TEACHER = "teacher";

    private EventNames() {}

    /**
     * Wall time that a step spent in each part, in seconds, in the order in which they happen; of
     * several teachers each is a part.
     */
    static Map<String, Double> seconds(StepDone step) {
        Map<String, Double> parts = new LinkedHashMap<>();
        parts.put("data", step.getDataSeconds());
        for (int i = 0; i < step.getEachTeacherSecondsCount(); i++) {
            parts.put(TEACHER + " " + (i + 1), step.getEachTeacherSeconds(i));
        }
        if (step.getEachTeacherSecondsCount() == 0) {
            parts.put(TEACHER, step.getTeacherSeconds());
        }
        parts.put("student", step.getStudentSeconds());
        parts.put("reduce", step.getReduceSeconds());
        parts.put("update", step.getUpdateSeconds());
        return parts;
    }

    /** Adds the times of a step to those of others. */
    public static void add(Map<String, Double> sums, StepDone step) {
        seconds(step).forEach((part, seconds) -> sums.merge(part, seconds, Double::sum));
    }

    /**
     * Place of an evaluation's subject in a table: the student before training, the student, its average, then its
     * teachers.
     */
    public static int subjectOrder(String subject) {
        return switch (subject) {
            case RANDOM_STUDENT -> 0;
            case STUDENT -> 1;
            case AVERAGE -> 2;
            default -> 3;
        };
    }
}
