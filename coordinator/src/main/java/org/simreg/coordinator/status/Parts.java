package org.simreg.coordinator.status;

import java.util.LinkedHashMap;
import java.util.Map;
import org.simreg.proto.StepDone;

/** The names for people of the parts of a training step, with the time that each took. */
final class Parts {
    private static final String TEACHER = "teacher";

    private Parts() {}

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
    static void add(Map<String, Double> sums, StepDone step) {
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
}
