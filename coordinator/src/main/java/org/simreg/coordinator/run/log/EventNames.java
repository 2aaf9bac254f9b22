package org.simreg.coordinator.run.log;

import java.util.LinkedHashMap;
import java.util.Map;
import org.simreg.proto.StepDone;

/** The names for people of the parts of a training step, with the time that each took. */
public final class EventNames {
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

    /** Class of the style sheet that colours a part; teachers side by side differ. */
    static String style(String part) {
        if (part.startsWith(TEACHER)) {
            return part.matches(".*[02468]") ? "p2 even" : "p2";
        }
        return switch (part) {
            case "data" -> "p1";
            case "student" -> "p3";
            case "reduce" -> "p4";
            case "update" -> "p5";
            default -> "p6";
        };
    }

    /** The names of the networks that an evaluation measures: {@code EvaluationDone.subject}. */
    public static final class Subjects {
        static final String RANDOM = "student at random";
        public static final String STUDENT = "student";

        private Subjects() {}

        /** Place in a table: the student before, the student, then its teachers. */
        public static int order(String subject) {
            return switch (subject) {
                case RANDOM -> 0;
                case STUDENT -> 1;
                default -> 2;
            };
        }
    }
}
