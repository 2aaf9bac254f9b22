package org.simreg.coordinator.job.schedule;

/**
 * The state of a worker with its job: preparing it, ready for it, or holding a state of its student.
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
    /** The state in which a worker loads data, teachers and student. */
    record Preparing() implements WorkerState {}

    /** The state after loading, in which a worker holds no state of the student yet; also that of one without a job. */
    record Ready() implements WorkerState {}

    /**
     * The state since a generation, in which a worker holds a state of the student.
     *
     * @param generation its last
     * @param committed steps of its state
     * @param halted whether it has stopped there
     */
    record Holding(long generation, long committed, boolean halted) implements WorkerState {}
}
