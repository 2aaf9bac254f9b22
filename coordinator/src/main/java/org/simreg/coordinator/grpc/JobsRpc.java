package org.simreg.coordinator.grpc;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.simreg.coordinator.control.JobService;
import org.simreg.coordinator.grpc.access.Gate;
import org.simreg.coordinator.job.JobWatch;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.ListWorkersResponse;
import org.simreg.proto.PriorityRequest;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.WatchRequest;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gRPC service {@code Jobs}: checks requests and answers them on the coordinator's thread. */
public final class JobsRpc extends JobsGrpc.JobsImplBase {
    private static final int LONGEST_ID = 200;
    private static final int LARGEST_PAGE = 1000;

    private final JobService jobs;
    private final Executor coordinator;
    private final WatchedPool paths;

    /**
     * @param coordinator runs tasks one after the other on the coordinator's thread, in the order
     *     in which they are given
     * @param paths runs what touches the paths that requests name, which may hang
     */
    public JobsRpc(JobService jobs, Executor coordinator, WatchedPool paths) {
        this.jobs = jobs;
        this.coordinator = coordinator;
        this.paths = paths;
    }

    @Override
    public void submit(SubmitRequest asked, StreamObserver<JobStatus> answer) {
        SubmitRequest.Builder known = asked.toBuilder().clearSubmitter();
        Gate.caller().ifPresent(known::setSubmitter);
        SubmitRequest request = known.build();
        String output = request.getJob().getCheckpoints().getOutput();
        touched(Calls.observed(answer), request.getJob(), output, () -> {
            if (request.getRequestId().length() > LONGEST_ID) {
                String what = request.getRequestId().length() + " characters; choose ";
                throw GrpcStatuses.invalid("request_id", what + "at most " + LONGEST_ID);
            }
            if (request.getExisting() == SubmitRequest.Existing.UNRECOGNIZED) {
                throw GrpcStatuses.invalid("existing", unknown(request.getExistingValue()));
            }
            return jobs.submit(request);
        });
    }

    @Override
    public void get(JobRequest request, StreamObserver<JobStatus> answer) {
        one(request, answer, jobs::get);
    }

    @Override
    public void cancel(JobRequest request, StreamObserver<JobStatus> answer) {
        opened(request, answer, jobs::cancel);
    }

    @Override
    public void pause(JobRequest request, StreamObserver<JobStatus> answer) {
        opened(request, answer, jobs::pause);
    }

    @Override
    public void resume(JobRequest request, StreamObserver<JobStatus> answer) {
        ServerCallStreamObserver<JobStatus> call = Calls.observed(answer);
        Calls.run(call, coordinator, () -> {
            JobStatus known = jobs.get(known(request.getId()));
            String id = known.getId();
            touched(call, known.getJob(), known.getFolder(), () -> jobs.whenOpen(id, () -> jobs.resume(id)));
        });
    }

    @Override
    public void setPriority(PriorityRequest request, StreamObserver<JobStatus> answer) {
        long priority = Integer.toUnsignedLong(request.getPriority());
        int bounded = (int) Math.min(priority, Integer.MAX_VALUE);
        Calls.give(answer, coordinator, () -> jobs.prioritize(known(request.getId()), bounded));
    }

    /** Answers on the coordinator's thread, once the paths of a job have answered on another. */
    private void touched(
            ServerCallStreamObserver<JobStatus> call,
            Job job,
            String folder,
            Supplier<CompletionStage<JobStatus>> work) {
        paths.call(
                        () -> {
                            jobs.touch(job, folder);
                            return job;
                        },
                        () -> new Refused(
                                Refused.Kind.UNAVAILABLE,
                                "A path of the job does not answer (%s, or of its data or weights): look whether its storage is there; ask again when it is"
                                        .formatted(folder)))
                .whenComplete((touched, failure) -> {
                    if (failure == null) {
                        Calls.await(call, coordinator, work);
                    } else {
                        call.onError(GrpcStatuses.of(failure));
                    }
                });
    }

    @Override
    public void list(ListRequest request, StreamObserver<ListResponse> answer) {
        compress(answer);
        Calls.give(answer, coordinator, () -> {
            long size = Integer.toUnsignedLong(request.getPageSize());
            if (size > LARGEST_PAGE) {
                String what = size + " jobs are too many; choose at most ";
                throw GrpcStatuses.invalid("page_size", what + LARGEST_PAGE);
            }
            if (request.getStatesList().contains(JobState.UNRECOGNIZED)) {
                throw GrpcStatuses.invalid("states", "holds a number that is no state");
            }
            return jobs.list(request);
        });
    }

    @Override
    public void listWorkers(ListWorkersRequest request, StreamObserver<ListWorkersResponse> answer) {
        compress(answer);
        Calls.give(answer, coordinator, jobs::workers);
    }

    @Override
    public void watch(WatchRequest request, StreamObserver<JobEvent> answer) {
        compress(answer);
        ServerCallStreamObserver<JobEvent> call = Calls.observed(answer);
        EventStream stream = new EventStream(call, coordinator);
        Calls.run(call, coordinator, () -> {
            String id = known(request.getId());
            if (request.getFromSequence() < 0) {
                String number = Long.toUnsignedString(request.getFromSequence());
                throw GrpcStatuses.invalid("from_sequence", number + " is no sequence number of any event");
            }
            jobs.whenOpen(id, () -> {
                        stream.begin(watcher -> jobs.watch(id, request.getFromSequence(), watcher));
                        return id;
                    })
                    .exceptionally(failure -> {
                        call.onError(GrpcStatuses.of(failure));
                        return id;
                    });
        });
    }

    private void opened(JobRequest request, StreamObserver<JobStatus> answer, Function<String, JobStatus> work) {
        Calls.await(Calls.observed(answer), coordinator, () -> {
            String id = known(request.getId());
            return jobs.whenOpen(id, () -> work.apply(id));
        });
    }

    private void one(JobRequest request, StreamObserver<JobStatus> answer, Function<String, JobStatus> call) {
        Calls.give(answer, coordinator, () -> call.apply(known(request.getId())));
    }

    private static String known(String id) {
        if (id.isEmpty()) {
            throw GrpcStatuses.invalid("id", "is empty; name a job");
        }
        return id;
    }

    private static String unknown(int number) {
        return number + " has no meaning in this version";
    }

    /** Lists of jobs are long and repetitive. */
    private static void compress(StreamObserver<?> answer) {
        ((ServerCallStreamObserver<?>) answer).setCompression("gzip");
    }

    /**
     * A stream of a job's events to one client. All of it is touched on the coordinator's thread
     * only; gRPC's signals are carried there.
     */
    private static final class EventStream implements JobWatch.Watcher {
        private static final Logger LOG = LoggerFactory.getLogger(EventStream.class);

        /** Below this gzip's own frame costs as much as it saves. */
        private static final int WORTH_COMPRESSING = 512;

        private final ServerCallStreamObserver<JobEvent> call;
        private final Executor coordinator;
        private Runnable more = () -> {};
        private AutoCloseable watch = () -> {};
        private boolean full;

        /** Made while the call's handlers can still be set: before its method returns. */
        EventStream(ServerCallStreamObserver<JobEvent> call, Executor coordinator) {
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
}
