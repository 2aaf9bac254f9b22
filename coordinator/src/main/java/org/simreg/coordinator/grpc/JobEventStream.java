package org.simreg.coordinator.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import org.simreg.coordinator.job.JobWatch;
import org.simreg.proto.JobEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream of a job's events to one client. All of it is touched on the coordinator's thread only;
 * gRPC's signals are carried there.
 */
final class JobEventStream implements JobWatch.Watcher {
    private static final Logger LOG = LoggerFactory.getLogger(JobEventStream.class);

    /** Below this gzip's own frame costs as much as it saves. */
    private static final int WORTH_COMPRESSING = 512;

    private final ServerCallStreamObserver<JobEvent> call;
    private final Executor coordinator;
    private Runnable more = () -> {};
    private AutoCloseable watch = () -> {};
    private boolean full;

    /** Made while the call's handlers can still be set: before its method returns. */
    JobEventStream(ServerCallStreamObserver<JobEvent> call, Executor coordinator) {
        this.call = call;
        this.coordinator = coordinator;
        call.setOnReadyHandler(() -> Calls.run(call, coordinator, this::resume));
        call.setOnCancelHandler(this::gone);
    }

    /**
     * @param jobs opens the watch, which is closed when the client has gone
     */
    void begin(Function<JobWatch.Watcher, AutoCloseable> jobs) {
        watch = jobs.apply(this);
        if (call.isCancelled()) {
            close();
        }
    }

    @Override
    public boolean event(JobEvent event) {
        call.setMessageCompression(event.getSerializedSize() >= WORTH_COMPRESSING);
        call.onNext(event);
        full = !call.isReady();
        return !full;
    }

    @Override
    public void whenReady(Runnable more) {
        this.more = more;
    }

    @Override
    public void ended() {
        call.onCompleted();
    }

    private void resume() {
        if (full) {
            full = false;
            more.run();
        }
    }

    /** A coordinator that is stopping takes no more tasks; its watches end with it. */
    private void gone() {
        try {
            coordinator.execute(this::close);
        } catch (RejectedExecutionException e) {
            LOG.debug("A client went away while the coordinator was stopping", e);
        }
    }

    private void close() {
        try {
            watch.close();
        } catch (Exception e) {
            LOG.warn("The watch of a client that has gone can't be closed", e);
        }
    }
}
