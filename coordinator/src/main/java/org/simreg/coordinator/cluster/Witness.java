package org.simreg.coordinator.cluster;

import org.simreg.proto.Progress;

/** Sees what happens to the jobs. Called on the keeper's thread; must return at once. */
public interface Witness {
    /** Looks away. */
    Witness NONE = (job, event) -> {};

    /**
     * An event that is in the job's log and about to be told to those who watch.
     *
     * @param job id
     */
    void saw(String job, Progress event);
}
