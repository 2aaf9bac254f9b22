package org.simreg.coordinator.control;

import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.simreg.coordinator.job.JobWatch;
import org.simreg.proto.Job;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.ListWorkersResponse;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;

/**
 * The service of jobs as clients use it: the port between gRPC and the coordinator. Called on the
 * coordinator's own thread; every method returns at once, or throws {@code Refused}, or {@code
 * UserError} for a job with wrong settings.
 */
public interface JobService {
    /**
     * Touches the paths that a job names, on any thread, which waits for as long as their storage does; to be called before
     * {@link #submit} and {@link #resume}, whose answer depends on it.
     *
     * @param folder of its run, as it is asked for or known
     * @throws UserError if one lies outside the roots
     */
    void touch(Job job, String folder);

    /**
     * Queues a job once its folder is made; a request id that is known gives the job of that time.
     *
     * @return done on the coordinator's thread
     */
    CompletionStage<JobStatus> submit(SubmitRequest request);

    /**
     * Does something for a job once its run folder is open: other calls that need the folder are refused while it isn't.
     *
     * @param work done on the coordinator's thread
     */
    <T> CompletionStage<T> whenOpen(String id, Supplier<T> work);

    /** One job. */
    JobStatus get(String id);

    /** A page of all jobs, newest first. */
    ListResponse list(ListRequest request);

    /** Ends a job after its current step, with a checkpoint. */
    JobStatus cancel(String id);

    /** Stops a job after its current step, with a checkpoint, and frees its workers. */
    JobStatus pause(String id);

    /** Queues a paused, cancelled or failed job again. */
    JobStatus resume(String id);

    /**
     * Gives a job another priority, whose settings stay what they are.
     *
     * @throws UserError if the priority is out of its bounds
     */
    JobStatus prioritize(String id, int priority);

    /** All workers that attend. */
    ListWorkersResponse workers();

    /**
     * Follows a job: the events of the past from a sequence number on, then each new one.
     *
     * @param from first sequence number
     * @return ends the watch
     */
    AutoCloseable watch(String id, long from, JobWatch.Watcher watcher);
}
