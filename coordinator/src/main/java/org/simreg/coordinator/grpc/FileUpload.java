package org.simreg.coordinator.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.simreg.proto.Refused;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that a client sends in parts, a header first. A part is asked for only when one before it
 * is written: the client sends no faster than the disk takes. The receiver is called one call after
 * the other, each on the thread that it belongs to; after a failure only to be closed.
 *
 * @param <P> a part
 * @param <A> the answer
 */
public final class FileUpload<P, A> implements StreamObserver<P> {
    private static final Logger LOG = LoggerFactory.getLogger(FileUpload.class);
    private static final int IN_FLIGHT = 4;

    private final ServerCallStreamObserver<A> call;
    private final Executor owner;
    private final Executor files;
    private final String file;
    private final Receiver<P, A> receiver;
    private final AtomicBoolean over = new AtomicBoolean();

    /** The newest task; guarded by this. */
    private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);

    // Touched by one task after the other.
    private boolean begun;
    private A stored;

    /** The receiver of one kind of file. */
    public interface Receiver<P, A> {
        boolean isHeader(P part);

        /** Takes the header, or refuses the file; on the owner's thread. */
        void begin(P header);

        /** Appends a part's data; on a thread for files. */
        void write(P part);

        /** Checks that all has come, and makes it durable; on a thread for files. */
        void finish();

        /** Puts the file in its place; begun on the owner's thread. */
        CompletionStage<A> store();

        /** Removes what was not stored; on a thread for files, also if nothing has begun. */
        void close();
    }

    /**
     * Made while the call's handlers can still be set: before its method returns.
     *
     * @param owner runs tasks on the thread that owns the files
     * @param files runs what writes files
     * @param file what is sent, for messages: "checkpoint"
     */
    public FileUpload(
            ServerCallStreamObserver<A> call, Executor owner, Executor files, String file, Receiver<P, A> receiver) {
        this.call = call;
        this.owner = owner;
        this.files = files;
        this.file = file;
        this.receiver = receiver;
        call.disableAutoRequest();
        call.request(1);
    }

    @Override
    public void onNext(P part) {
        if (receiver.isHeader(part)) {
            then(owner, () -> begin(part));
        } else {
            then(files, () -> write(part));
        }
    }

    @Override
    public void onError(Throwable broken) {
        then(files, this::close);
    }

    @Override
    public void onCompleted() {
        then(files, this::finish);
        thenStore();
        then(files, this::answer);
    }

    private void begin(P header) {
        if (begun) {
            throw refused("has a second header; send one, first");
        }
        receiver.begin(header);
        begun = true;
        call.request(IN_FLIGHT);
    }

    private void write(P part) {
        if (!begun) {
            throw refused("lacks its header, the stream begins with data; send the header first");
        }
        receiver.write(part);
        call.request(1);
    }

    private void finish() {
        if (!begun) {
            throw refused("lacks its header, the stream ends before it; send the header first");
        }
        receiver.finish();
    }

    private Refused refused(String what) {
        return new Refused(Refused.Kind.INVALID, "The " + file + " " + what);
    }

    private void answer() {
        close();
        call.onNext(stored);
        call.onCompleted();
    }

    private void close() {
        over.set(true);
        try {
            receiver.close();
        } catch (RuntimeException e) {
            LOG.warn("What is left of a {} that was sent can't be removed", file, e);
        }
    }

    /** Runs a task after those before it, unless one of them has failed or was the last. */
    private synchronized void then(Executor where, Runnable task) {
        last = last.thenRunAsync(
                () -> {
                    if (!over.get()) {
                        task.run();
                    }
                },
                where);
        last.exceptionally(this::fail);
    }

    private synchronized void thenStore() {
        last = last.thenComposeAsync(
                before -> over.get()
                        ? CompletableFuture.completedFuture(null)
                        : receiver.store().thenAccept(answer -> stored = answer),
                owner);
        last.exceptionally(this::fail);
    }

    /** The first failure, also that of an executor that takes no tasks any more. */
    private Void fail(Throwable failure) {
        if (over.compareAndSet(false, true)) {
            call.onError(GrpcStatuses.of(failure));
            Calls.execute(files, this::close);
        }
        return null;
    }
}
