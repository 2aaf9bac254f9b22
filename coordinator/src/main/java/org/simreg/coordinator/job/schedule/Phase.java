package org.simreg.coordinator.job.schedule;

/**
 * The phase of a job that has not ended and is not paused.
 *
 * <pre>
 *           Begin                Stop
 *   Idle ----------> Training ----------> Halting
 *    ^                  ^                  |   |
 *    |                  '------ Begin -----'   |
 *    '-------------- AwaitWorkers -------------'
 *
 *   Idle, Halting  -- Begin, only to store a checkpoint --------> Halting
 *   Halting        -- Stop, at once or for another reason ------> Halting
 *   Training       -- Continue, all members attend again -------> Training
 *   Idle, Halting  -- Release ----------------------------------> paused or cancelled
 *   any            -- Complete ---------------------------------> exports, then succeeded
 * </pre>
 *
 * <p>The arrows are the {@link Decision}s of {@link JobScheduler}. A job that was running when its
 * coordinator stopped begins in {@link Training}, and waits a while for its members. A worker's
 * report that the job is trained, without the checkpoint of its last step, stops the generation
 * too, in any phase.
 */
public sealed interface Phase {
    /**
     * The phase in which nobody trains.
     *
     * @param since milliseconds
     * @param saved whether a checkpoint of what its workers hold was asked for
     */
    record Idle(long since, boolean saved) implements Phase {}

    /**
     * The phase in which the last generation trains.
     *
     * @param grace milliseconds until when members that don't attend are waited for, after a start
     *     of the coordinator; 0: they are lost
     */
    record Training(long grace) implements Phase {}

    /**
     * The phase after the last generation was told to stop.
     *
     * @param after step it may go on to; 0: at once
     * @param checkpoint whether rank 0 stores what it holds
     * @param why what for
     * @param saves generations that were begun only to store a checkpoint
     */
    record Halting(long after, boolean checkpoint, HaltReason why, int saves) implements Phase {}

    /** The reason for which a generation is halted. */
    enum HaltReason {
        /** Another generation. */
        REFORM,
        /** Its workers are needed elsewhere, or are too few. */
        YIELD,
        /** Somebody has paused it. */
        PAUSE,
        /** Somebody has cancelled it. */
        CANCEL
    }
}
