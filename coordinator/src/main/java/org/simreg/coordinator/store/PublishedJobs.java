package org.simreg.coordinator.store;

import java.util.Collection;
import org.simreg.proto.JobRecord;

/**
 * The published records of jobs, for other processes to see and for a coordinator that has lost its
 * disk. Nothing depends on them: failures are logged.
 */
public interface PublishedJobs {
    /** The records published; none if the place doesn't answer. Waits for the answer. */
    Collection<JobRecord> load();

    /** Publishes a record, unless a newer one is there; returns at once. */
    void publish(JobRecord record);
}
