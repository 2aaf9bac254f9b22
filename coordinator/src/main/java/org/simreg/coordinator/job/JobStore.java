package org.simreg.coordinator.job;

import java.util.Collection;
import java.util.Optional;
import org.simreg.proto.JobRecord;
import org.simreg.proto.UserError;

/** The durable store of the records of all jobs. One thread calls it. */
public interface JobStore extends AutoCloseable {
    /**
     * The newest record of every job, in any order; without those that {@link #past} has.
     *
     * @throws UserError if what was kept can't be read
     */
    Collection<JobRecord> load();

    /**
     * Keeps a record in place of the job's earlier one. It is durable when this returns.
     *
     * @param record its version is higher than that of the job's earlier record
     */
    void save(JobRecord record);

    /** The jobs that have ended, if they are kept apart; else {@link #load} gives them too. */
    default Optional<PastJobs> past() {
        return Optional.empty();
    }

    @Override
    void close();
}
