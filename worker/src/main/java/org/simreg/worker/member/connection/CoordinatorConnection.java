package org.simreg.worker.member.connection;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.simreg.proto.Acknowledged;
import org.simreg.proto.Drop;
import org.simreg.proto.Heartbeat;
import org.simreg.proto.Hello;
import org.simreg.proto.Leaving;
import org.simreg.proto.Order;
import org.simreg.proto.Prepare;
import org.simreg.proto.Report;
import org.simreg.proto.UserError;
import org.simreg.proto.UserError.BrokenDevice;
import org.simreg.proto.WorkersGrpc.WorkersStub;
import org.simreg.worker.member.generation.JobRunner;
import org.simreg.worker.member.generation.WorkerContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's connection to the coordinator: opens the stream, opens it again when it breaks, sends
 * reports in order, and passes orders on to the job's runner. All its fields belong to its context;
 * a job goes on while the coordinator is away.
 */
final class CoordinatorConnection {
    private static final Logger LOG = LoggerFactory.getLogger(CoordinatorConnection.class);
    private static final int FIRST_RETRY_MS = 100;
    private static final int LAST_RETRY_MS = 2000;

    /** How long a job may take to end: loading a teacher can't be broken off but by an exit. */
    private static final int LOADING_MS = 1000;

    /** How long a report may take to arrive. */
    private static final int HEARD_MS = 1000;

    private final Vertx vertx;
    private final Context context;
    private final WorkersStub stub;
    private final Hello identity;
    private final WorkerContext workerContext;
    private final UnacknowledgedReports unacknowledged = new UnacknowledgedReports();
    private final Promise<Void> left = Promise.promise();
    private Optional<ClientCallStreamObserver<Report>> current = Optional.empty();
    private Optional<JobRunner> job = Optional.empty();
    /** Jobs that were given up, of which some wait for storage still. */
    private final List<JobRunner> hanging = new ArrayList<>();

    private boolean welcome;
    private Optional<Leaving> leaving = Optional.empty();
    private Optional<BrokenDevice> brokenDevice = Optional.empty();
    private boolean closed;
    private boolean warned;
    private int retryMs = FIRST_RETRY_MS;
    private long heartbeat = -1;

    /**
     * @param context an event loop; every method is called on it
     * @param identity without what is held
     */
    CoordinatorConnection(Context context, WorkersStub stub, Hello identity, WorkerContext workerContext) {
        this.context = context;
        vertx = context.owner();
        this.stub = stub;
        this.identity = identity;
        this.workerContext = workerContext;
    }

    /**
     * Done when the coordinator has let the worker go; fails with a {@link UserError} if it refused
     * the worker for good, with a {@link BrokenDevice} if its GPU is broken.
     */
    Future<Void> left() {
        return left.future();
    }

    void open() {
        if (closed) {
            return;
        }
        Hello.Builder hello = identity.toBuilder();
        job.flatMap(JobRunner::holding).ifPresent(hello::setHolding);
        Stream stream = new Stream();
        stub.attend(stream);
        current = Optional.of(stream.requests);
        stream.requests.onNext(Report.newBuilder().setHello(hello).build());
    }

    /**
     * Asks to leave at the end of a step.
     *
     * @param withinMs how long this process lives on; a step that would take most of it is abandoned
     */
    void leave(int withinMs) {
        leaving = Optional.of(Leaving.newBuilder().setWithinMs(withinMs).build());
        sayLeaving();
    }

    private void sayLeaving() {
        leaving.ifPresent(said -> send(Report.newBuilder().setLeaving(said).build()));
        leaveUnasked();
    }

    /** Without a coordinator a worker that has no job is missed by nobody. */
    private void leaveUnasked() {
        if (leaving.isPresent() && !welcome && job.isEmpty()) {
            left.tryComplete();
        }
    }

    /** Gives the job up and ends the stream; done once the job has ended. */
    Future<Void> close() {
        closed = true;
        vertx.cancelTimer(heartbeat);
        current.ifPresent(open -> open.cancel("the worker is closed", null));
        current = Optional.empty();
        unacknowledged.clear();
        return job.map(this::dropped).orElse(Future.succeededFuture());
    }

    private Future<Void> dropped(JobRunner runner) {
        runner.drop();
        return Future.fromCompletionStage(runner.ended(), context);
    }

    /** Sends a report of a job; called on the job's threads. Waits while too many steps are not acknowledged. */
    private void report(JobRunner from, Report.Builder builder) {
        Report report = builder.build();
        context.runOnContext(ignored -> {
            if (job.filter(now -> now == from).isPresent()) {
                unacknowledged.add(report);
                workerContext.observer().reported(report);
                send(report);
                if (!report.getFailed().getDeviceFault().isEmpty()) {
                    brokenDevice =
                            Optional.of(new BrokenDevice(report.getFailed().getDeviceFault()));
                    vertx.setTimer(HEARD_MS, timer -> endBroken());
                }
            }
        });
        if (report.hasCommitted()) {
            unacknowledged.awaitRoom();
        }
    }

    /** Ends with the GPU, once the coordinator has heard of it or can't be told. */
    private void endBroken() {
        brokenDevice.ifPresent(left::tryFail);
    }

    private void send(Report report) {
        if (welcome) {
            current.ifPresent(open -> open.onNext(report));
        }
    }

    private void take(Order order) {
        switch (order.getOrderCase()) {
            case WELCOME -> welcomed(order.getWelcome().getHeartbeatMs());
            case PREPARE -> prepare(order.getPrepare());
            case BEGIN -> {
                if (holds(order.getBegin().getJob())) {
                    unacknowledged.begun();
                    job.get().begin(order.getBegin());
                }
            }
            case HALT -> {
                if (holds(order.getHalt().getJob())) {
                    job.get().halt(order.getHalt());
                }
            }
            case HELP -> {
                if (holds(order.getHelp().getJob())) {
                    job.get().help(order.getHelp());
                }
            }
            case ACKNOWLEDGED -> acknowledged(order.getAcknowledged());
            case DROP -> drop(order.getDrop());
            case ORDER_NOT_SET -> LOG.warn("The coordinator sent an order of a newer version.");
        }
    }

    private boolean holds(String id) {
        return job.filter(runner -> runner.job().equals(id)).isPresent();
    }

    private void welcomed(int heartbeatMs) {
        LOG.info("{} attends", identity.getWorker());
        welcome = true;
        workerContext.observer().attends(true);
        warned = false;
        retryMs = FIRST_RETRY_MS;
        vertx.cancelTimer(heartbeat);
        Report alive =
                Report.newBuilder().setHeartbeat(Heartbeat.getDefaultInstance()).build();
        job.ifPresent(JobRunner::coordinatorIsBack);
        int everyMs = Math.max(10, heartbeatMs);
        heartbeat = vertx.setPeriodic(everyMs, ignored -> {
            send(alive);
            job.ifPresent(runner -> runner.look(everyMs));
        });
        unacknowledged.all().forEach(this::send);
        reportLeft();
        sayLeaving();
    }

    /** Says at what processes of this machine have ended, also if there is no job for this one. */
    private void reportLeft() {
        workerContext
                .jobs()
                .marks()
                .ifPresent(marks -> context.executeBlocking(marks::takeLeft)
                        .onSuccess(all -> all.forEach(left -> {
                            Report report = JobRunner.suspected(left).build();
                            unacknowledged.add(report);
                            send(report);
                        })));
    }

    private void prepare(Prepare order) {
        if (holds(order.getJob())
                && job.get().holding().isPresent()
                && job.get().teachers().equals(order.getTeachersList())) {
            job.get().prepare(order.getAttempt());
            return;
        }
        Optional<JobRunner> before = job;
        unacknowledged.clear();
        JobRunner[] self = new JobRunner[1];
        self[0] = new JobRunner(order, workerContext, report -> report(self[0], report));
        job = Optional.of(self[0]);
        before.ifPresent(hanging::add);
        hanging.removeIf(runner -> runner.hangsIn().isEmpty());
        Optional<String> silent = hanging.stream()
                .filter(runner -> runner.job().equals(order.getJob()))
                .findFirst()
                .flatMap(JobRunner::hangsIn);
        // The memory of the one before is needed.
        before.map(this::dropped)
                .orElse(Future.succeededFuture())
                .onComplete(ended -> silent.ifPresentOrElse(self[0]::hang, self[0]::start));
    }

    private void acknowledged(Acknowledged order) {
        if (holds(order.getJob())) {
            unacknowledged.acknowledge(order);
            if (order.hasMeasured()) {
                job.get().acknowledged(order.getMeasured());
            }
        }
    }

    private void drop(Drop order) {
        Future<Void> ended = Future.succeededFuture();
        if (holds(order.getJob())) {
            ended = dropped(job.get());
            hanging.add(job.get());
            job = Optional.empty();
            unacknowledged.clear();
            endBroken();
        }
        if (order.getLeave()) {
            closed = true;
            ended.onComplete(done -> left.tryComplete());
            vertx.setTimer(LOADING_MS, timer -> left.tryComplete());
        }
    }

    private void broken(ClientCallStreamObserver<Report> stream, Status status) {
        if (current.filter(now -> now == stream).isEmpty()) {
            return;
        }
        current = Optional.empty();
        welcome = false;
        workerContext.observer().attends(false);
        vertx.cancelTimer(heartbeat);
        if (refusedForGood(status)) {
            left.tryFail(new UserError(status.getDescription()));
            return;
        }
        leaveUnasked();
        endBroken();
        if (!warned && !closed) {
            LOG.warn("The stream to the coordinator is broken ({}); trying again.", sentence(status));
            warned = true;
        }
        vertx.setTimer(retryMs, ignored -> open());
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    }

    private static String sentence(Status status) {
        Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        // Of TLS that failed the description says nothing.
        return status.getCode()
                + (status.getDescription() == null ? "" : ": " + status.getDescription())
                + (cause == null ? "" : ", " + cause.getMessage());
    }

    /** Another version, a name that is taken, no right: trying again changes nothing. */
    private static boolean refusedForGood(Status status) {
        return switch (status.getCode()) {
            case FAILED_PRECONDITION,
                    ALREADY_EXISTS,
                    INVALID_ARGUMENT,
                    UNIMPLEMENTED,
                    UNAUTHENTICATED,
                    PERMISSION_DENIED -> true;
            default -> false;
        };
    }

    /** One stream to the coordinator; its signals are passed on to the context. */
    private final class Stream implements ClientResponseObserver<Report, Order> {
        private ClientCallStreamObserver<Report> requests;

        @Override
        public void beforeStart(ClientCallStreamObserver<Report> requests) {
            this.requests = requests;
        }

        @Override
        public void onNext(Order order) {
            context.runOnContext(ignored -> {
                if (current.filter(now -> now == requests).isPresent()) {
                    take(order);
                }
            });
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            context.runOnContext(ignored -> broken(requests, status));
        }

        @Override
        public void onCompleted() {
            context.runOnContext(ignored -> broken(requests, Status.UNAVAILABLE));
        }
    }
}
