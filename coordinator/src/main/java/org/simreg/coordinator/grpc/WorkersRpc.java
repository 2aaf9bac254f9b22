package org.simreg.coordinator.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.simreg.coordinator.control.WorkerService;
import org.simreg.coordinator.grpc.FileParts.OpenFile;
import org.simreg.coordinator.job.RunFiles.Download;
import org.simreg.coordinator.job.RunFiles.Upload;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.CheckpointStored;
import org.simreg.proto.CheckpointWanted;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;
import org.simreg.proto.WorkersGrpc;

/** The gRPC service {@code Workers}: reports, orders and checkpoints. */
public final class WorkersRpc extends WorkersGrpc.WorkersImplBase {
    private final WorkerService workers;
    private final Executor coordinator;
    private final Executor files;

    /**
     * @param coordinator runs tasks one after the other on the coordinator's thread, in the order
     *     in which they are given
     * @param files runs what reads and writes checkpoints; its tasks block on the disk
     */
    public WorkersRpc(WorkerService workers, Executor coordinator, Executor files) {
        this.workers = workers;
        this.coordinator = coordinator;
        this.files = files;
    }

    @Override
    public StreamObserver<Report> attend(StreamObserver<Order> orders) {
        return new WorkerStream(workers, coordinator, Calls.observed(orders));
    }

    @Override
    public StreamObserver<CheckpointPart> putCheckpoint(StreamObserver<CheckpointStored> answer) {
        return new FileUpload<>(
                Calls.observed(answer), coordinator, files, "checkpoint", new CheckpointReceiver(workers));
    }

    @Override
    public void getCheckpoint(CheckpointWanted wanted, StreamObserver<CheckpointPart> parts) {
        ServerCallStreamObserver<CheckpointPart> call = Calls.observed(parts);
        StreamedAnswer<CheckpointPart> answer = new StreamedAnswer<>(call, files, () -> {});
        Calls.run(call, coordinator, () -> {
            workers.checkpoint(wanted.getJob(), wanted.getStep()).whenComplete((found, failure) -> {
                if (failure == null) {
                    answer.begin(() -> parts(found));
                } else {
                    call.onError(GrpcStatuses.of(failure));
                }
            });
        });
    }

    /** A newer checkpoint may take the place of this one while it is read. */
    private static FileParts<CheckpointPart> parts(Download found) throws IOException {
        OpenFile file;
        try {
            file = OpenFile.removable(found.file());
        } catch (NoSuchFileException e) {
            String what = " is not there any more; ask for a newer one";
            throw new Refused(Refused.Kind.UNKNOWN, "The checkpoint " + found.file() + what);
        }
        CheckpointHeader header;
        try {
            header = found.header();
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
        String name = found.file().getFileName() + " of " + header.getJob();
        long left = header.getLength() - file.version().getLength();
        if (left != 0) {
            file.close();
            String what = left > 0 ? left + " bytes early" : -left + " bytes late";
            throw new Refused(
                    Refused.Kind.DAMAGED, "The checkpoint " + name + " ends " + what + " on the coordinator's disk");
        }
        return new FileParts<>(
                CheckpointPart.newBuilder().setHeader(header).build(),
                file,
                piece -> CheckpointPart.newBuilder().setData(piece).build());
    }

    /** The receiver of a checkpoint, which hands its parts to the job. */
    private static final class CheckpointReceiver implements FileUpload.Receiver<CheckpointPart, CheckpointStored> {
        private final WorkerService workers;
        private Upload upload;

        CheckpointReceiver(WorkerService workers) {
            this.workers = workers;
        }

        @Override
        public boolean isHeader(CheckpointPart part) {
            return part.hasHeader();
        }

        @Override
        public void begin(CheckpointPart part) {
            upload = workers.put(part.getHeader());
        }

        @Override
        public void write(CheckpointPart part) {
            upload.write(part.getData().asReadOnlyByteBuffer());
        }

        @Override
        public void finish() {
            upload.finish();
        }

        @Override
        public CompletionStage<CheckpointStored> store() {
            return upload.store()
                    .thenApply(written -> CheckpointStored.newBuilder()
                            .setStep(written.getStep())
                            .build());
        }

        @Override
        public void close() {
            if (upload != null) {
                upload.close();
            }
        }
    }
}
