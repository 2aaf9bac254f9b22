package org.simreg.worker.member.connection;

import io.grpc.Channel;
import io.grpc.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.CheckpointWanted;
import org.simreg.proto.UserError;
import org.simreg.proto.WorkersGrpc;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.data.storage.remote.FileTransfer;
import org.simreg.worker.member.generation.CheckpointStore;

/** The store of checkpoints by calls of the service {@code Workers}. */
final class GrpcCheckpointStore implements CheckpointStore {
    private static final int MINUTES = 10;

    private final Channel channel;

    GrpcCheckpointStore(Channel channel) {
        this.channel = channel;
    }

    @Override
    public void put(CheckpointHeader header, Content content) {
        FileTransfer.put(
                WorkersGrpc.newBlockingV2Stub(channel)
                        .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                        .putCheckpoint(),
                new FileTransfer.Upload<>(
                        CheckpointPart.newBuilder().setHeader(header).build(),
                        data -> CheckpointPart.newBuilder().setData(data).build(),
                        content::writeTo),
                (status, e) -> failure(status, header.getStep() + " can't be stored", e));
    }

    @Override
    public void get(String job, long step, Path file) {
        CheckpointWanted wanted =
                CheckpointWanted.newBuilder().setJob(job).setStep(step).build();
        boolean whole;
        try {
            whole = FileTransfer.get(
                    () -> WorkersGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                            .getCheckpoint(wanted),
                    parts -> isWritten(parts, file),
                    (status, e) -> failure(status, step + " can't be fetched", e));
        } catch (UncheckedIOException e) {
            // A full disk is no fault of the job: with room it works.
            throw new Unreachable(
                    "the checkpoint of step %d can't be written to %s: %s"
                            .formatted(step, file, Disk.reason(e.getCause())),
                    e);
        }
        if (!whole) {
            throw new Unreachable("the checkpoint of step " + step + " came damaged", null);
        }
    }

    /** Whether what came is what its header says. */
    private static boolean isWritten(Iterator<CheckpointPart> parts, Path file) throws IOException {
        CheckpointPart first = parts.hasNext() ? parts.next() : CheckpointPart.getDefaultInstance();
        CheckpointHeader header = first.getHeader();
        CRC32C sum = new CRC32C();
        long length;
        try (OutputStream out = new CheckedOutputStream(Files.newOutputStream(file), sum)) {
            length = FileTransfer.copy(parts, CheckpointPart::getData, header.getLength(), out);
        }
        return first.hasHeader() && header.getLength() == length && header.getCrc32C() == (int) sum.getValue();
    }

    private static RuntimeException failure(Status status, String what, Exception cause) {
        String sentence = "the checkpoint of step " + what + ": " + status.getDescription();
        return switch (status.getCode()) {
            case FAILED_PRECONDITION -> new Abandoned(sentence);
            case NOT_FOUND, INVALID_ARGUMENT -> new UserError(sentence, cause);
            default -> new Unreachable(sentence + " (" + status.getCode() + ")", cause);
        };
    }
}
