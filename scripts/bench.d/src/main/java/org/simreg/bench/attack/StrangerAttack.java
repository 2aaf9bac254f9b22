package org.simreg.bench.attack;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.simreg.coordinator.cli.option.GlobalOptions;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.CheckpointWanted;
import org.simreg.proto.Committed;
import org.simreg.proto.Heartbeat;
import org.simreg.proto.Hello;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.Report;
import org.simreg.proto.Told;
import org.simreg.proto.Trained;
import org.simreg.proto.WorkersGrpc;

/**
 * An attack by a stranger who attends as a worker does: under another's name, in another version, without a hello, with
 * reports about a job that it doesn't serve, and with checkpoints that are none.
 */
public final class StrangerAttack {
    private static final int SECONDS = 30;
    private static final int STREAMS = 200;

    private StrangerAttack() {}

    /**
     * @param arguments host and port of a coordinator, a job that trains, a worker that attends
     */
    public static void main(String[] arguments) {
        String job = arguments[1];
        try (AttackedBanks attacked = new AttackedBanks("stranger", arguments[0])) {
            WorkersGrpc.WorkersStub workers = WorkersGrpc.newStub(attacked.channel());
            Report beat = Report.newBuilder()
                    .setHeartbeat(Heartbeat.getDefaultInstance())
                    .build();
            refused(attacked, "a heartbeat before the hello", "INVALID_ARGUMENT", beat);
            refused(attacked, "another version", "FAILED_PRECONDITION", hello("stranger", "0.0.1"));
            refused(attacked, "the name of another worker", "ALREADY_EXISTS", hello(arguments[2], version()));
            refused(attacked, "no name", "INVALID_ARGUMENT", hello("", version()));
            refused(
                    attacked,
                    "two hellos",
                    "INVALID_ARGUMENT",
                    hello("stranger", version()),
                    hello("stranger", version()));
            attacked.trial("lies about a job that it doesn't serve", "ended in order", () -> {
                Report[] lies = {
                    hello("liar", version()),
                    Report.newBuilder()
                            .setFailed(JobFailed.newBuilder()
                                    .setJob(job)
                                    .setRefused(true)
                                    .setReason("a lie"))
                            .build(),
                    Report.newBuilder()
                            .setTrained(Trained.newBuilder().setJob(job).setGeneration(1))
                            .build(),
                    Report.newBuilder()
                            .setCommitted(Committed.newBuilder().setJob(job).setGeneration(1))
                            .build(),
                    Report.newBuilder()
                            .setTold(Told.newBuilder().setJob(job).setText("a lie\u001b[2J\n".repeat(1000)))
                            .build()
                };
                return ended(workers::attend, lies);
            });
            attacked.trial(
                    "the job after the lies",
                    "(QUEUED|RUNNING|SUCCEEDED)",
                    () -> JobsGrpc.newBlockingStub(attacked.channel())
                            .withDeadlineAfter(SECONDS, TimeUnit.SECONDS)
                            .get(JobRequest.newBuilder().setId(job).build())
                            .getState()
                            .name());
            attacked.trial(STREAMS + " strangers at once", "FAILED_PRECONDITION: .+", () -> {
                for (int i = 0; i < STREAMS; i++) {
                    workers.attend(new Ending<>());
                }
                return ended(workers::attend, hello("stranger", "0.0.1"));
            });
            for (CheckpointHeader header : new CheckpointHeader[] {
                CheckpointHeader.newBuilder().setJob("none").build(),
                CheckpointHeader.newBuilder()
                        .setJob(job)
                        .setGeneration(Long.MAX_VALUE)
                        .build(),
                CheckpointHeader.newBuilder()
                        .setJob(job)
                        .setStep(-1)
                        .setLength(Long.MAX_VALUE)
                        .build()
            }) {
                attacked.trial(
                        "a checkpoint of generation " + header.getGeneration() + " and step " + header.getStep(),
                        "(NOT_FOUND: There is no job|FAILED_PRECONDITION: The checkpoint) .+",
                        () -> ended(
                                workers::putCheckpoint,
                                CheckpointPart.newBuilder().setHeader(header).build()));
            }
            CheckpointPart data = CheckpointPart.newBuilder()
                    .setData(ByteString.copyFromUtf8("data"))
                    .build();
            attacked.trial(
                    "a checkpoint without a header", AttackedBanks.INVALID, () -> ended(workers::putCheckpoint, data));
            for (long step : new long[] {-1, Long.MAX_VALUE}) {
                CheckpointWanted wanted =
                        CheckpointWanted.newBuilder().setJob(job).setStep(step).build();
                attacked.trial("the checkpoint of step " + step, "NOT_FOUND: .+", () -> {
                    WorkersGrpc.newBlockingStub(attacked.channel())
                            .withDeadlineAfter(SECONDS, TimeUnit.SECONDS)
                            .getCheckpoint(wanted)
                            .next();
                    return "sent";
                });
            }
        }
    }

    /** A stream that must end with a status and a sentence. */
    private static void refused(AttackedBanks attacked, String what, String code, Report... reports) {
        WorkersGrpc.WorkersStub workers = WorkersGrpc.newStub(attacked.channel());
        attacked.trial(what, code + ": .+", () -> ended(workers::attend, reports));
    }

    private static Report hello(String name, String version) {
        Hello.Builder hello = Hello.newBuilder().setWorker(name).setVersion(version);
        // Nobody gives it work.
        hello.setIncarnation("stranger").setProfile("stranger").setLeftOut("a stranger");
        return Report.newBuilder().setHello(hello).build();
    }

    private static String version() {
        return GlobalOptions.Version.number();
    }

    /** Sends all, ends the stream, and waits for the other side's end. */
    @SafeVarargs
    private static <A, B> String ended(Function<StreamObserver<B>, StreamObserver<A>> call, A... parts) {
        Ending<B> ending = new Ending<>();
        StreamObserver<A> stream = call.apply(ending);
        for (A part : parts) {
            stream.onNext(part);
        }
        stream.onCompleted();
        try {
            return ending.end.get(SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw Status.DEADLINE_EXCEEDED.withDescription("no answer").asRuntimeException();
        } catch (Exception e) {
            throw new CompletionException(e);
        }
    }

    /** A reader that waits for the end of a call, and says how it was. */
    private static final class Ending<B> implements StreamObserver<B> {
        private final CompletableFuture<String> end = new CompletableFuture<>();

        @Override
        public void onNext(B message) {
            // Only the end counts.
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            end.complete(status.getCode() + ": " + status.getDescription());
        }

        @Override
        public void onCompleted() {
            end.complete("ended in order");
        }
    }
}
