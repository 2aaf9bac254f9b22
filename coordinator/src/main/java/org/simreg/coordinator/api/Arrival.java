package org.simreg.coordinator.api;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.CheckpointStored;
import org.simreg.proto.Refused;

/**
 * A checkpoint that a worker sends. A part is asked for only when one before it is written: the
 * worker sends no faster than the disk takes.
 */
final class Arrival implements StreamObserver<CheckpointPart> {
    private static final int IN_FLIGHT = 4;

    private final WorkerDesk desk;
    private final Executor coordinator;
    private final Executor files;
    private final ServerCallStreamObserver<CheckpointStored> call;
    private final Turns turns = new Turns(this::fail);

    // Touched in turns.
    private WorkerDesk.Upload upload;
    private CheckpointStored stored;

    Arrival(
            WorkerDesk desk,
            Executor coordinator,
            Executor files,
            ServerCallStreamObserver<CheckpointStored> call) {
        this.desk = desk;
        this.coordinator = coordinator;
        this.files = files;
        this.call = call;
        call.disableAutoRequest();
        call.request(1);
    }

    @Override
    public void onNext(CheckpointPart part) {
        turns.then(
                part.hasHeader() ? coordinator : files,
                () -> {
                    if (part.hasHeader()) {
                        open(part);
                    } else {
                        write(part);
                    }
                });
    }

    @Override
    public void onError(Throwable broken) {
        turns.then(files, this::close);
    }

    @Override
    public void onCompleted() {
        turns.then(files, () -> begun("ends before it").finish());
        turns.then(coordinator, () -> stored = upload.store());
        turns.then(files, this::answer);
    }

    private void open(CheckpointPart part) {
        if (upload != null) {
            throw new Refused(
                    Refused.Kind.INVALID, "The checkpoint has a second header; send one, first");
        }
        upload = desk.put(part.getHeader());
        call.request(IN_FLIGHT);
    }

    private void write(CheckpointPart part) {
        begun("begins with data").write(part.getData().asReadOnlyByteBuffer());
        call.request(1);
    }

    private WorkerDesk.Upload begun(String instead) {
        if (upload == null) {
            throw new Refused(
                    Refused.Kind.INVALID,
                    "The checkpoint lacks its header, the stream "
                            + instead
                            + "; send the header first");
        }
        return upload;
    }

    private void answer() {
        close();
        call.onNext(stored);
        call.onCompleted();
    }

    private void fail(Throwable failure) {
        call.onError(Statuses.of(failure));
        // In a turn no more, but there are none after a failure.
        Answers.execute(files, this::close);
    }

    private void close() {
        turns.end();
        if (upload != null) {
            upload.close();
        }
    }
}
