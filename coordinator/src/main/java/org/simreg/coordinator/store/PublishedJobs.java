package org.simreg.coordinator.store;

import java.util.Collection;
import org.simreg.proto.JobRecord;

/**
 * The place where the records of jobs are published, for others to see and for a coordinator that
 * has lost its disk. Nothing rests on it: what fails is logged.
 */
public interface PublishedJobs {
    /** The records published; none if the place doesn't answer. Waits for the answer. */
    Collection<JobRecord> load();

    /** Publishes a record, unless a newer one is there; returns at once. */
    void publish(JobRecord record);
}
