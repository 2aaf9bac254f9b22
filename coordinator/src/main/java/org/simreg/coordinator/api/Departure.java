package org.simreg.coordinator.api;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.Executor;
import org.simreg.proto.CheckpointPart;
import org.simreg.proto.Refused;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A checkpoint that a worker reads: no more of it is in memory than the worker is ready for. */
final class Departure {
    private static final Logger LOG = LoggerFactory.getLogger(Departure.class);
    private static final int PART = 256 << 10;

    private final ServerCallStreamObserver<CheckpointPart> call;
    private final Executor files;
    private final Turns turns = new Turns(this::fail);

    // Touched in turns.
    private WorkerDesk.Download download;
    private FileChannel file;
    private long sent;

    /** Made while the call's handlers can still be set: before its method returns. */
    Departure(ServerCallStreamObserver<CheckpointPart> call, Executor files) {
        this.call = call;
        this.files = files;
        call.setOnReadyHandler(() -> turns.then(files, this::pump));
        call.setOnCancelHandler(() -> turns.then(files, this::close));
    }

    void begin(WorkerDesk.Download found) {
        turns.then(
                files,
                () -> {
                    open(found);
                    pump();
                });
    }

    private void open(WorkerDesk.Download found) {
        download = found;
        try {
            file = FileChannel.open(found.file());
        } catch (NoSuchFileException e) {
            String what = " is not there any more; ask for a newer one";
            throw new Refused(Refused.Kind.UNKNOWN, "The checkpoint " + name() + what);
        } catch (IOException e) {
            throw unreadable(e);
        }
        call.onNext(CheckpointPart.newBuilder().setHeader(found.header()).build());
    }

    private void pump() {
        while (file != null && call.isReady() && !call.isCancelled()) {
            if (sent == download.header().getLength()) {
                close();
                call.onCompleted();
                return;
            }
            call.onNext(CheckpointPart.newBuilder().setData(part()).build());
        }
    }

    private ByteString part() {
        long left = download.header().getLength() - sent;
        ByteBuffer part = ByteBuffer.allocate((int) Math.min(PART, left));
        try {
            while (part.hasRemaining()) {
                if (file.read(part, sent + part.position()) < 0) {
                    String what = " ends " + left + " bytes early on the coordinator's disk";
                    throw new Refused(Refused.Kind.DAMAGED, "The checkpoint " + name() + what);
                }
            }
        } catch (IOException e) {
            throw unreadable(e);
        }
        sent += part.capacity();
        return UnsafeByteOperations.unsafeWrap(part.flip());
    }

    private Refused unreadable(IOException e) {
        return new Refused(
                Refused.Kind.UNAVAILABLE, "The checkpoint " + name() + " can't be read: " + e);
    }

    private String name() {
        return download.file().getFileName() + " of " + download.header().getJob();
    }

    private void fail(Throwable failure) {
        call.onError(Statuses.of(failure));
        Answers.execute(files, this::close);
    }

    private void close() {
        turns.end();
        if (file == null) {
            return;
        }
        try {
            file.close();
        } catch (IOException e) {
            LOG.warn("A checkpoint that was read can't be closed", e);
        }
        file = null;
    }
}
