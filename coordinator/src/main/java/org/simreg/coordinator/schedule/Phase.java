package org.simreg.coordinator.schedule;

/** What goes on with a job that has not ended and is not paused. */
public sealed interface Phase {
    /**
     * Nobody trains.
     *
     * @param since milliseconds
     * @param saved whether a checkpoint of what its workers hold was asked for
     */
    record Idle(long since, boolean saved) implements Phase {}

    /**
     * The last generation trains.
     *
     * @param grace milliseconds until when members that don't attend are waited for, after a start
     *     of the coordinator; 0: they are lost
     */
    record Training(long grace) implements Phase {}

    /**
     * The last generation was told to stop.
     *
     * @param after step it may go on to; 0: at once
     * @param checkpoint whether rank 0 stores what it holds
     * @param aim what for
     * @param saves generations that were begun only to store a checkpoint
     */
    record Halting(long after, boolean checkpoint, Aim aim, int saves) implements Phase {}
}
