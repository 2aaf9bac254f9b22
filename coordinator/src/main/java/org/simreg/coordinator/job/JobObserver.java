package org.simreg.coordinator.job;

import org.simreg.proto.Progress;

/**
 * An observer of the events of all jobs. Called on the coordinator's thread; must return at once.
 */
public interface JobObserver {
    /** Ignores everything. */
    JobObserver NONE = (job, event) -> {};

    /**
     * An event that is in the job's log and about to be told to those who watch.
     *
     * @param job id
     */
    void saw(String job, Progress event);

    /**
     * A round over all jobs and workers is done.
     *
     * @param nanos that it took
     */
    default void ticked(long nanos) {}
}
