package org.simreg.coordinator.status;

/** The names of the networks that an evaluation measures: {@code EvaluationDone.subject}. */
final class Subjects {
    static final String RANDOM = "student at random";
    static final String STUDENT = "student";

    private Subjects() {}

    /** Place in a table: the student before, the student, then its teachers. */
    static int order(String subject) {
        return switch (subject) {
            case RANDOM -> 0;
            case STUDENT -> 1;
            default -> 2;
        };
    }
}
