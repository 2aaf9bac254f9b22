package org.simreg.coordinator.view.observe;

import java.util.List;
import java.util.Map;
import org.simreg.coordinator.control.Coordinator;
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
public record ClusterSurvey(Map<JobState, Long> states, List<JobStatus> jobs, List<WorkerStatus> workers) {
    /** The survey before the first one is taken. */
    public static final ClusterSurvey EMPTY = new ClusterSurvey(Map.of(), List.of(), List.of());

    /** Takes a survey; on the coordinator's thread. */
    public static ClusterSurvey of(Coordinator coordinator) {
        return new ClusterSurvey(
                coordinator.states(),
                coordinator.list(ListRequest.getDefaultInstance()).getJobsList(),
                coordinator.workers().getWorkersList());
    }
}
