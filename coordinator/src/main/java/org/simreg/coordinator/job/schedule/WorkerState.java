package org.simreg.coordinator.job.schedule;

/**
 * A worker's state with regard to the job that it serves.
 *
 * <pre>
 *                Prepare              Ready          Begin
 *   (no job) ----------> Preparing ----------> Ready ------> Holding, trains
 *                                                              |     ^
 *                                                       Halted |     | Begin
 *                                                              v     |
 *                                                            Holding, halted
 *
 *   any -- Drop, or its stream is lost --> (no job)
 * </pre>
 *
 * <p>Prepare, Begin and Drop are orders, Ready and Halted the worker's reports. A worker that
 * attends again says itself in which state it is.
 */
public sealed interface WorkerState {
    /** It loads data, teachers and student. */
    record Preparing() implements WorkerState {}

    /** It has loaded them, and holds no state of the student. */
    record Ready() implements WorkerState {}

    /**
     * It has been in a generation.
     *
     * @param generation its last
     * @param committed steps of its state
     * @param halted whether it has stopped there
     */
    record Holding(long generation, long committed, boolean halted) implements WorkerState {}
}
