package org.simreg.worker.cluster;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.CheckpointStored;
import org.simreg.proto.CheckpointWanted;
import org.simreg.proto.UserError;
import org.simreg.proto.WorkersGrpc;
import org.simreg.worker.reduce.Abandoned;

/** Checkpoints over the service {@code Workers}. */
final class GrpcCheckpoints implements CheckpointRoad {
    private static final int PART = 1 << 18;
    private static final int MINUTES = 10;

    private final Channel channel;

    GrpcCheckpoints(Channel channel) {
        this.channel = channel;
    }

    @Override
    public void put(CheckpointHeader header, Path file) {
        BlockingClientCall<CheckpointPart, CheckpointStored> call =
                WorkersGrpc.newBlockingV2Stub(channel)
                        .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                        .putCheckpoint();
        try (InputStream in = Files.newInputStream(file)) {
            boolean open = call.write(CheckpointPart.newBuilder().setHeader(header).build());
            while (open) {
                byte[] part = in.readNBytes(PART);
                if (part.length == 0) {
                    break;
                }
                open =
                        call.write(
                                CheckpointPart.newBuilder()
                                        .setData(UnsafeByteOperations.unsafeWrap(part))
                                        .build());
            }
            call.halfClose();
            call.read();
        } catch (StatusException e) {
            throw refused(e.getStatus(), "step " + header.getStep() + " can't be stored", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            call.cancel("interrupted", e);
            throw new Abandoned("interrupted while a checkpoint was stored");
        } catch (IOException e) {
            call.cancel("the file can't be read", e);
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void get(String job, long step, Path file) {
        CheckpointWanted wanted = CheckpointWanted.newBuilder().setJob(job).setStep(step).build();
        CheckpointHeader header = null;
        try (OutputStream out = Files.newOutputStream(file)) {
            Iterator<CheckpointPart> parts =
                    WorkersGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                            .getCheckpoint(wanted);
            while (parts.hasNext()) {
                CheckpointPart part = parts.next();
                header = part.hasHeader() ? part.getHeader() : header;
                part.getData().writeTo(out);
            }
        } catch (StatusRuntimeException e) {
            throw refused(e.getStatus(), "step " + step + " can't be fetched", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        check(header, step, file);
    }

    private static void check(CheckpointHeader header, long step, Path file) {
        try {
            if (header == null
                    || header.getLength() != Files.size(file)
                    || header.getCrc32C() != CheckpointWriter.crc32c(file)) {
                throw new Unreachable("the checkpoint of step " + step + " came damaged", null);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static RuntimeException refused(Status status, String what, Exception cause) {
        String sentence = "the checkpoint of " + what + ": " + status.getDescription();
        return switch (status.getCode()) {
            case FAILED_PRECONDITION -> new Abandoned(sentence);
            case NOT_FOUND, INVALID_ARGUMENT -> new UserError(sentence, cause);
            default -> new Unreachable(sentence + " (" + status.getCode() + ")", cause);
        };
    }
}
