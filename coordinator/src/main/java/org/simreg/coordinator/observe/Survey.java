package org.simreg.coordinator.observe;

import java.util.List;
import java.util.Map;
import org.simreg.coordinator.cluster.Keeper;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.WorkerStatus;

/**
 * A survey of the cluster's jobs and workers at one moment.
 *
 * @param states how many jobs are in which state, of all there are
 * @param jobs the newest hundred, newest first
 * @param workers in the order of their names
 */
public record Survey(Map<JobState, Long> states, List<JobStatus> jobs, List<WorkerStatus> workers) {
    /** Before the first look. */
    public static final Survey EMPTY = new Survey(Map.of(), List.of(), List.of());

    /** Looks; on the keeper's thread. */
    public static Survey of(Keeper keeper) {
        return new Survey(
                keeper.states(),
                keeper.list(ListRequest.getDefaultInstance()).getJobsList(),
                keeper.workers().getWorkersList());
    }
}
