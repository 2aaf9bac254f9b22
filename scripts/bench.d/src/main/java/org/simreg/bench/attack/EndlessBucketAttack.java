package org.simreg.bench.attack;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.simreg.bench.bucket.EndlessBucket;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.SubmitRequest;

/**
 * An attack by the service that buckets lie at: listings and errors without an end. A job that still tries after some
 * time is cancelled, and must end then.
 */
public final class EndlessBucketAttack {
    private static final Set<JobState> ENDED = EnumSet.of(JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED);
    private static final int SECONDS = 60;

    private EndlessBucketAttack() {}

    /**
     * @param arguments host and port of a coordinator; the port that it and its workers take for S3's; a folder for runs
     */
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[1]);
        try (AttackedBanks attacked = new AttackedBanks("buckets", arguments[0]);
                EndlessBucket bucket = new EndlessBucket(port, EndlessBucket.Kind.PAGE)) {
            for (EndlessBucket.Kind kind : EndlessBucket.Kind.values()) {
                bucket.answer(kind);
                attacked.trial(
                        "a bucket without end: " + kind,
                        () -> ended(attacked, job(Path.of(arguments[2], kind.name()))));
            }
        }
    }

    private static JobsGrpc.JobsBlockingStub jobs(AttackedBanks attacked) {
        return JobsGrpc.newBlockingStub(attacked.channel()).withDeadlineAfter(SECONDS, TimeUnit.SECONDS);
    }

    private static String ended(AttackedBanks attacked, Job job) {
        String id = jobs(attacked)
                .submit(SubmitRequest.newBuilder().setJob(job).build())
                .getId();
        JobRequest asked = JobRequest.newBuilder().setId(id).build();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        JobStatus last = jobs(attacked).get(asked);
        while (!ENDED.contains(last.getState())) {
            if (System.nanoTime() > until) {
                jobs(attacked).cancel(asked);
                return "cancelled while " + last.getState() + ": " + last.getReason();
            }
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
            last = jobs(attacked).get(asked);
        }
        return last.getState() + ": " + last.getReason();
    }

    private static Job job(Path folder) {
        Job.Builder job = Job.newBuilder().setName("endless");
        job.getDatasetBuilder().addPath("s3://endless/data");
        job.addTeachersBuilder().setSource("self");
        job.getViewsBuilder().setSize(32);
        job.getOptimizationBuilder().setBatch(8).setEpochs(1);
        job.getPlacementBuilder().setPriority(9);
        job.getCheckpointsBuilder().setOutput(folder.toAbsolutePath().toString());
        return job.build();
    }
}
