package org.simreg.worker.member.connection;

import io.grpc.Channel;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.simreg.proto.Hello;
import org.simreg.proto.WorkersGrpc;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.member.generation.WorkerContext;
import org.simreg.worker.train.LoadedJob;

/**
 * The verticle of a worker: attends at the coordinator and runs the jobs it is given, each on a
 * thread of its own. Its context only passes messages on.
 */
public final class WorkerVerticle extends VerticleBase {
    private final Hello identity;
    private final Channel channel;
    private final WorkerContext workerContext;
    private CoordinatorConnection connection;

    /**
     * @param identity name, incarnation, version, profile and device; addresses are filled in
     * @param opener loads a job
     * @param transports to other workers, by transport; none for a worker that is always alone. Not
     *     closed here
     * @param channel to the coordinator; not closed here
     */
    public WorkerVerticle(
            Hello identity, LoadedJob.Opener opener, Map<String, PeerTransport> transports, Channel channel) {
        this(
                identity,
                new WorkerContext.Jobs(opener, Optional.empty()),
                transports,
                channel,
                WorkerContext.Observer.NONE);
    }

    /**
     * The same with marks of what is decoded, and an observer.
     *
     * @param jobs loads a job, and marks what is decoded for it; not closed here
     * @param observer sees what the worker does
     */
    public WorkerVerticle(
            Hello identity,
            WorkerContext.Jobs jobs,
            Map<String, PeerTransport> transports,
            Channel channel,
            WorkerContext.Observer observer) {
        Hello.Builder whole = identity.toBuilder();
        transports.forEach((name, transport) -> whole.putAddresses(name, transport.address()));
        this.identity = whole.build();
        this.channel = channel;
        workerContext =
                new WorkerContext(identity.getWorker(), jobs, transports, new GrpcCheckpointStore(channel), observer);
    }

    @Override
    public Future<?> start() {
        connection = new CoordinatorConnection(context, WorkersGrpc.newStub(channel), identity, workerContext);
        connection.open();
        return Future.succeededFuture();
    }

    /**
     * Done when the coordinator has let the worker go after {@link #leave}; fails with a {@code
     * UserError} if it refused the worker for good, or its GPU is broken. To be asked for once this is deployed.
     */
    public Future<Void> left() {
        return connection.left();
    }

    /**
     * Asks the coordinator to go on without this worker; any thread may call it.
     *
     * @param within how long this process lives on
     */
    public void leave(Duration within) {
        context.runOnContext(ignored -> connection.leave(Math.toIntExact(within.toMillis())));
    }

    /** Gives its job up at once. */
    @Override
    public Future<?> stop() {
        return connection.close();
    }
}
