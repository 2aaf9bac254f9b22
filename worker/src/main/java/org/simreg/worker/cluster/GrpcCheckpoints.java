package org.simreg.worker.cluster;

import com.google.protobuf.ByteString;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
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
    public void put(CheckpointHeader header, Content content) {
        BlockingClientCall<CheckpointPart, CheckpointStored> call =
                WorkersGrpc.newBlockingV2Stub(channel)
                        .withDeadlineAfter(MINUTES, TimeUnit.MINUTES)
                        .putCheckpoint();
        try {
            call.write(CheckpointPart.newBuilder().setHeader(header).build());
            try (OutputStream parts = new BufferedOutputStream(new Parts(call), PART)) {
                content.writeTo(parts);
            }
            call.halfClose();
            call.read();
        } catch (StatusException e) {
            throw refused(e.getStatus(), "step " + header.getStep() + " can't be stored", e);
        } catch (InterruptedException e) {
            throw interrupted(call, e);
        } catch (IOException e) {
            if (e.getCause() instanceof StatusException ended) {
                throw refused(
                        ended.getStatus(), "step " + header.getStep() + " can't be stored", e);
            }
            if (e.getCause() instanceof InterruptedException) {
                throw interrupted(call, e);
            }
            call.cancel("the content can't be made", e);
            throw new UncheckedIOException(e);
        }
    }

    private static Abandoned interrupted(BlockingClientCall<?, ?> call, Exception e) {
        Thread.currentThread().interrupt();
        call.cancel("interrupted", e);
        return new Abandoned("interrupted while a checkpoint was stored");
    }

    /** A stream into messages; what the other side takes no more is left out. */
    private static final class Parts extends OutputStream {
        private final BlockingClientCall<CheckpointPart, CheckpointStored> call;
        private boolean taken = true;

        Parts(BlockingClientCall<CheckpointPart, CheckpointStored> call) {
            this.call = call;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            ByteString data = ByteString.copyFrom(bytes, offset, length);
            try {
                taken = taken && call.write(CheckpointPart.newBuilder().setData(data).build());
            } catch (StatusException | InterruptedException e) {
                throw new IOException(e);
            }
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
                    || header.getCrc32C() != crc32c(file)) {
                throw new Unreachable("the checkpoint of step " + step + " came damaged", null);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int crc32c(Path file) {
        CRC32C crc = new CRC32C();
        byte[] part = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int read = in.read(part); read >= 0; read = in.read(part)) {
                crc.update(part, 0, read);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return (int) crc.getValue();
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
