package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.JobsGrpc.JobsBlockingStub;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.Teacher;
import org.simreg.proto.UserError;
import org.simreg.proto.WatchRequest;

@Timeout(60)
class JobsRpcTest {
    private final Served served = Served.onPort();
    private final JobsBlockingStub jobs = stub(served.channel);

    @AfterEach
    void close() {
        served.close();
    }

    private static JobsBlockingStub stub(ManagedChannel channel) {
        return JobsGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
    }

    static SubmitRequest.Builder request() {
        Job.Builder job = Job.newBuilder();
        job.getDatasetBuilder().addPath("photos");
        job.addTeachers(Teacher.newBuilder().setSource("t.pt"));
        return SubmitRequest.newBuilder().setJob(job);
    }

    private static JobRequest named(String id) {
        return JobRequest.newBuilder().setId(id).build();
    }

    private static StatusRuntimeException refused(Runnable call) {
        return assertThrows(StatusRuntimeException.class, call::run);
    }

    private static <T extends com.google.protobuf.Message> T details(StatusRuntimeException e, Class<T> type)
            throws Exception {
        return StatusProto.fromThrowable(e).getDetails(0).unpack(type);
    }

    @Test
    void aJobIsSubmittedMovedAndListed() {
        JobStatus job = jobs.submit(request().build());
        assertEquals(256, job.getJob().getOptimization().getBatch());
        assertEquals(JobState.PAUSED, jobs.pause(named(job.getId())).getState());
        assertEquals(JobState.QUEUED, jobs.resume(named(job.getId())).getState());
        assertEquals(JobState.CANCELLED, jobs.cancel(named(job.getId())).getState());
        assertEquals(JobState.CANCELLED, jobs.get(named(job.getId())).getState());
        assertEquals(1, jobs.list(ListRequest.getDefaultInstance()).getJobsCount());
        assertEquals(
                "w1",
                jobs.listWorkers(ListWorkersRequest.getDefaultInstance())
                        .getWorkers(0)
                        .getWorker());
    }

    @Test
    void pathsThatDoNotAnswerHoldUpTheirOwnRequestOnly() throws Exception {
        JobStatus paused = jobs.submit(request().build());
        jobs.pause(named(paused.getId()));
        // Storage that is away can't be interrupted either.
        CompletableFuture<Void> storage = new CompletableFuture<>();
        served.jobs.touching = storage::join;
        int before = served.jobs.submits;
        List<Runnable> calls = List.of(() -> jobs.submit(request().build()), () -> jobs.resume(named(paused.getId())));
        for (Runnable call : calls) {
            StatusRuntimeException e = refused(call);
            assertEquals("UNAVAILABLE", e.getStatus().getCode().name());
            assertTrue(e.getMessage().contains("does not answer"), e.getMessage());
        }
        assertEquals(before, served.jobs.submits);
        assertEquals(1, jobs.list(ListRequest.getDefaultInstance()).getJobsCount());
        served.jobs.touching = () -> {};
        storage.complete(null);
        assertEquals(JobState.QUEUED, jobs.resume(named(paused.getId())).getState());
    }

    @Test
    void theSameRequestIdTwiceMakesOneJob() {
        SubmitRequest request = request().setRequestId("mine").build();
        assertEquals(jobs.submit(request), jobs.submit(request));
        assertEquals(1, jobs.list(ListRequest.getDefaultInstance()).getJobsCount());
        jobs.submit(request().build());
        jobs.submit(request().build());
        assertEquals(3, jobs.list(ListRequest.getDefaultInstance()).getJobsCount());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "nobody, NOT_FOUND, UNKNOWN, There is no job nobody",
                "later, UNAVAILABLE, UNAVAILABLE, The coordinator is still starting",
                "unwritable, FAILED_PRECONDITION, STATE, The run folder r can't be written",
                "damaged, DATA_LOSS, DAMAGED, The ledger of damaged is torn",
            })
    void aRefusalIsAStatusWithAReasonForProgramsAndASentenceForPeople(
            String id, Code code, String reason, String sentence) throws Exception {
        StatusRuntimeException e = refused(() -> jobs.get(named(id)));
        assertEquals(code, e.getStatus().getCode());
        assertEquals(sentence, e.getStatus().getDescription());
        assertEquals(reason, details(e, ErrorInfo.class).getReason());
        assertEquals("simreg", details(e, ErrorInfo.class).getDomain());
    }

    @Test
    void aMoveThatTheStateDoesNotHaveIsAFailedPrecondition() throws Exception {
        String id = jobs.submit(request().build()).getId();
        jobs.pause(named(id));
        StatusRuntimeException e = refused(() -> jobs.pause(named(id)));
        assertEquals(Code.FAILED_PRECONDITION, e.getStatus().getCode());
        assertEquals("STATE", details(e, ErrorInfo.class).getReason());
    }

    @Test
    void aTakenRunFolderAlreadyExists() {
        SubmitRequest.Builder taken = request();
        taken.getJobBuilder().getCheckpointsBuilder().setOutput("taken");
        StatusRuntimeException e = refused(() -> jobs.submit(taken.build()));
        assertEquals(Code.ALREADY_EXISTS, e.getStatus().getCode());
    }

    @Test
    void everyWrongSettingOfAJobIsNamedByItsField() throws Exception {
        SubmitRequest.Builder wrong = request();
        wrong.getJobBuilder().getOptimizationBuilder().setEpochs(0).setMomentum(7);
        StatusRuntimeException e = refused(() -> jobs.submit(wrong.build()));
        assertEquals(Code.INVALID_ARGUMENT, e.getStatus().getCode());
        assertTrue(e.getStatus().getDescription().contains("optimization.momentum (--momentum): 7"));
        assertEquals(
                List.of("job.optimization.epochs", "job.optimization.momentum"),
                details(e, BadRequest.class).getFieldViolationsList().stream()
                        .map(BadRequest.FieldViolation::getField)
                        .toList());
    }

    @Test
    void aSettingOfAMegabyteIsRefusedWithoutBeingSentBack() {
        SubmitRequest.Builder wrong = request();
        wrong.getJobBuilder().setName("/\n\u00e9".repeat(300_000));
        wrong.getJobBuilder().getOptimizationBuilder().setEpochs(0);
        StatusRuntimeException e = refused(() -> jobs.submit(wrong.build()));
        assertEquals(Code.INVALID_ARGUMENT, e.getStatus().getCode());
    }

    @Test
    void aJobWithEverySettingWrongIsStillAnsweredWithDetails() throws Exception {
        SubmitRequest.Builder wrong = SubmitRequest.newBuilder();
        Job.Builder job = wrong.getJobBuilder();
        job.getOptimizationBuilder().setEpochs(0).setBatch(1).setLr(-1).setMomentum(2);
        job.getOptimizationBuilder().setWeightDecay(5).setMicroBatches(9999);
        job.getViewsBuilder().setSize(1).setMinArea(4);
        job.getCheckpointsBuilder().setKeep(0);
        job.getEvaluationBuilder().addK(0).addK(5000).setResize(1);
        job.getPlacementBuilder().setMinWorkers(0).setMaxWorkers(5000).setPriority(9999);
        for (int i = 0; i < 40; i++) {
            job.addTeachersBuilder().setSource("torchscript:");
        }
        StatusRuntimeException e = refused(() -> jobs.submit(wrong.build()));
        assertEquals(Code.INVALID_ARGUMENT, e.getStatus().getCode());
        assertEquals(12, details(e, BadRequest.class).getFieldViolationsCount());
    }

    @Test
    void requestsThatAreWrongInThemselvesNeverReachTheDesk() throws Exception {
        checkField("id", s -> s.get(named("")));
        checkField("id", s -> s.watch(WatchRequest.getDefaultInstance()).next());
        checkField(
                "page_size",
                s -> s.list(ListRequest.newBuilder().setPageSize(1001).build()));
        checkField(
                "page_size",
                s -> s.list(ListRequest.newBuilder().setPageSize(-1).build()));
        checkField(
                "states",
                s -> s.list(ListRequest.newBuilder().addStatesValue(77).build()));
        checkField("existing", s -> s.submit(request().setExistingValue(9).build()));
        checkField(
                "request_id",
                s -> s.submit(request().setRequestId("x".repeat(201)).build()));
        WatchRequest beyond =
                WatchRequest.newBuilder().setId("x").setFromSequence(-1).build();
        checkField("from_sequence", s -> s.watch(beyond).next());
        assertEquals(0, (int) served.call(() -> served.jobs.submits));
    }

    private void checkField(String field, Consumer<JobsBlockingStub> call) throws Exception {
        StatusRuntimeException e = refused(() -> call.accept(jobs));
        assertEquals(Code.INVALID_ARGUMENT, e.getStatus().getCode(), field);
        assertEquals(field, details(e, BadRequest.class).getFieldViolations(0).getField(), field);
    }

    @Test
    void aBugIsAnInternalErrorWithoutATrace() {
        StatusRuntimeException e = refused(() -> jobs.get(named("bug")));
        assertEquals(Code.INTERNAL, e.getStatus().getCode());
        assertFalse(e.getStatus().getDescription().contains("\tat "));
        assertTrue(e.getStatus().getDescription().contains("upside down"));
    }

    @Test
    void aMessageOverTheLimitIsRefusedAndTheConnectionLives() {
        SubmitRequest.Builder large = request();
        assertEquals(GrpcServer.LARGEST_REQUEST, ApiClient.LARGEST_REQUEST);
        large.getJobBuilder().setName("x".repeat(2 << 20));
        StatusRuntimeException e = refused(() -> jobs.submit(large.build()));
        assertEquals(Code.RESOURCE_EXHAUSTED, e.getStatus().getCode());
        assertEquals(
                "A message to simreg.v1.Jobs/Submit may have at most 2097152 bytes; send less at a time",
                e.getStatus().getDescription());
        assertEquals("job-1", jobs.submit(request().build()).getId());
    }

    @Test
    void aPortOrHostThatCanNotBeHadIsOneSentence() {
        int port = served.server.port();
        UserError taken = assertThrows(UserError.class, () -> GrpcServer.listen("localhost", port, List.of()));
        assertTrue(taken.getMessage().matches("Can't listen on localhost:\\d+: .*in use.*--port"), taken.getMessage());
        UserError unknown = assertThrows(UserError.class, () -> GrpcServer.listen("no.such.invalid", 1, List.of()));
        assertTrue(unknown.getMessage().contains("--host"), unknown.getMessage());
    }

    @Test
    void aBusyCoordinatorDoesNotHoldUpADeadline() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch busy = new CountDownLatch(1);
        Future<Void> blocked = served.begin(() -> {
            entered.countDown();
            busy.await();
            return null;
        });
        entered.await();
        JobsBlockingStub hasty = JobsGrpc.newBlockingStub(served.channel).withDeadlineAfter(200, TimeUnit.MILLISECONDS);
        StatusRuntimeException e = refused(() -> hasty.submit(request().build()));
        assertEquals(Code.DEADLINE_EXCEEDED, e.getStatus().getCode());
        busy.countDown();
        blocked.get(20, TimeUnit.SECONDS);
    }
}
