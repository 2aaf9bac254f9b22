package org.simreg.coordinator.schedule;

/** How far a worker is with the job that it serves. */
public sealed interface Stand {
    /** It loads data, teachers and student. */
    record Preparing() implements Stand {}

    /** It has loaded them, and holds no state of the student. */
    record Ready() implements Stand {}

    /**
     * It has been in a generation.
     *
     * @param generation its last
     * @param committed steps of its state
     * @param halted whether it has stopped there
     */
    record Holding(long generation, long committed, boolean halted) implements Stand {}
}
