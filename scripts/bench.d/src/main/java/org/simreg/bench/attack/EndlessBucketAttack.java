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
    private static final int FREE_SECONDS = 240;

    /** A worker goes on trying for five minutes where the service may come back. */
    private static final String WANTED =
            "FAILED: .+ has no end(?!.* never asked).+|CANCELLED while (?!.* never asked).+";

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
                Path folder = Path.of(arguments[2], kind.name());
                SubmitRequest request = SubmitRequest.newBuilder()
                        .setRequestId("endless-" + System.nanoTime())
                        .setJob(job(folder))
                        .build();
                attacked.trial("a bucket without end: " + kind, WANTED, () -> ended(attacked, bucket, request));
            }
        }
    }

    private static JobsGrpc.JobsBlockingStub jobs(AttackedBanks attacked) {
        return JobsGrpc.newBlockingStub(attacked.channel()).withDeadlineAfter(SECONDS, TimeUnit.SECONDS);
    }

    private static String ended(AttackedBanks attacked, EndlessBucket bucket, SubmitRequest request) {
        JobRequest asked = JobRequest.newBuilder()
                .setId(jobs(attacked).submit(request).getId())
                .build();
        long begun = System.nanoTime();
        JobStatus last = jobs(attacked).get(asked);
        // It counts from the time that a worker is free for it.
        while (!ENDED.contains(last.getState()) && bucket.requests() == 0 && seconds(begun) < FREE_SECONDS) {
            last = after(attacked, asked);
        }
        long reached = System.nanoTime();
        while (!ENDED.contains(last.getState()) && seconds(reached) < SECONDS) {
            last = after(attacked, asked);
        }
        String tried = "";
        if (!ENDED.contains(last.getState())) {
            tried = " while " + last.getState() + ": " + last.getReason();
            last = jobs(attacked).cancel(asked);
        }
        for (long cancelled = System.nanoTime(); !ENDED.contains(last.getState()) && seconds(cancelled) < SECONDS; ) {
            last = after(attacked, asked);
        }
        String requests = bucket.requests() == 0 ? ", and the bucket was never asked" : "";
        return last.getState() + (tried.isEmpty() ? ": " + last.getReason() : tried) + requests;
    }

    private static long seconds(long since) {
        return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - since);
    }

    private static JobStatus after(AttackedBanks attacked, JobRequest asked) {
        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
        return jobs(attacked).get(asked);
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
