package org.simreg.bench.attack;

import com.google.protobuf.ByteString;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.TimeUnit;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.WatchRequest;

/**
 * An attack on the coordinator's memory by answers that nobody reads, a thousand watches of one job, and by requests
 * that are small packed and large unpacked. The job's status is asked for after each.
 */
public final class UnreadAnswersAttack {
    private static final int WATCHES = 1000;
    private static final int PACKED = 8;
    private static final int SECONDS = 30;
    private static final int UNPACKED = 64 << 20;

    /** Of a job that strangers can't end. */
    private static final String STATUS = "(QUEUED|RUNNING|SUCCEEDED) at step \\d+";

    private UnreadAnswersAttack() {}

    /**
     * @param arguments host and port of a coordinator, and a job
     */
    public static void main(String[] arguments) {
        JobRequest job = JobRequest.newBuilder().setId(arguments[1]).build();
        // What is not read fills the window of its own connection; others must not notice.
        try (AttackedBanks attacked = new AttackedBanks("unread answers", arguments[0]);
                AttackedBanks other = new AttackedBanks("another client", arguments[0])) {
            WatchRequest request = WatchRequest.newBuilder().setId(job.getId()).build();
            for (int i = 0; i < WATCHES - 1; i++) {
                JobsGrpc.newStub(attacked.channel()).watch(request, new Unread());
            }
            attacked.trial(WATCHES + " watches that are not read", STATUS, () -> status(other, job));
            SubmitRequest large = SubmitRequest.newBuilder()
                    .setRequestIdBytes(ByteString.copyFrom(new byte[UNPACKED]))
                    .build();
            for (int i = 0; i < PACKED; i++) {
                attacked.trial(
                        "a submit of 64 MiB, packed to 64 KiB",
                        "RESOURCE_EXHAUSTED: .+",
                        () -> jobs(attacked)
                                .withCompression("gzip")
                                .submit(large)
                                .getId());
            }
            attacked.trial("the job's status after all of them", STATUS, () -> status(other, job));
        }
    }

    private static JobsGrpc.JobsBlockingStub jobs(AttackedBanks attacked) {
        return JobsGrpc.newBlockingStub(attacked.channel()).withDeadlineAfter(SECONDS, TimeUnit.SECONDS);
    }

    private static String status(AttackedBanks attacked, JobRequest job) {
        JobStatus status = jobs(attacked).get(job);
        return status.getState() + " at step " + status.getStep();
    }

    /** A reader that never asks for an event. */
    private static final class Unread implements ClientResponseObserver<WatchRequest, JobEvent> {
        @Override
        public void beforeStart(ClientCallStreamObserver<WatchRequest> call) {
            call.disableAutoRequestWithInitial(0);
        }

        @Override
        public void onNext(JobEvent event) {
            throw new IllegalStateException("an event that was not asked for");
        }

        @Override
        public void onError(Throwable failure) {
            // The end of this process, or of the coordinator: the status that is asked for tells.
        }

        @Override
        public void onCompleted() {
            // Nothing is left to be read.
        }
    }
}
