package org.simreg.coordinator.grpc.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.GrpcServer;
import org.simreg.coordinator.grpc.Served;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.ClientCredentials;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.proto.Hello;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.Order;
import org.simreg.proto.Report;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;
import org.simreg.proto.WorkersGrpc;

@Timeout(60)
class GateTest {
    @TempDir
    Path folder;

    private final TokenFile.NewToken reader = TokenFile.NewToken.of(Rights.Role.READ, "ruth");
    private final TokenFile.NewToken submitter = TokenFile.NewToken.of(Rights.Role.SUBMIT, "sam");
    private final TokenFile.NewToken operator = TokenFile.NewToken.of(Rights.Role.OPERATE, "olga");
    private final TokenFile.NewToken worker = TokenFile.NewToken.of(Rights.Role.WORKER, "w1");
    private Path tokens;
    private Served served;

    @BeforeEach
    void serve() throws Exception {
        tokens = folder.resolve("tokens");
        Files.writeString(
                tokens,
                "# who\n\n%s\n%s # until May\n%s\n%s\n"
                        .formatted(reader.line(), submitter.line(), operator.line(), worker.line()));
        Gate gate = Gate.by(tokens, Duration.ZERO);
        served = Served.behind(new GrpcServer.Security(Optional.empty(), List.of(gate)));
    }

    @AfterEach
    void close() {
        served.close();
    }

    private ApiClient client(Optional<String> token) {
        Optional<ClientCredentials.Token> shown = token.map(text -> ClientCredentials.Token.of(text, "test"));
        return ApiClient.open(
                new HostPort("localhost", served.server.port()),
                Duration.ZERO,
                new ClientCredentials(Optional.empty(), shown));
    }

    private static Job.Builder job() {
        Job.Builder job = Job.newBuilder().setName("a");
        job.getDatasetBuilder().addPath("d");
        job.addTeachersBuilder().setSource("self");
        return job;
    }

    @Test
    void whoSubmitsIsWhoTheTokenSays() {
        SubmitRequest.Builder forged = SubmitRequest.newBuilder().setJob(job());
        forged.getSubmitterBuilder().setName("olga").setOperates(true);
        try (ApiClient submits = client(Optional.of(submitter.token()));
                ApiClient operates = client(Optional.of(operator.token()))) {
            submits.ask(jobs -> jobs.submit(forged.build()));
            assertEquals("sam", served.jobs.last.getSubmitter().getName());
            assertFalse(served.jobs.last.getSubmitter().getOperates());
            operates.ask(jobs -> jobs.submit(forged.build()));
            assertEquals("olga", served.jobs.last.getSubmitter().getName());
            assertTrue(served.jobs.last.getSubmitter().getOperates());
        }
    }

    private static ListResponse list(ApiClient client) {
        return client.ask(jobs -> jobs.list(ListRequest.getDefaultInstance()));
    }

    private static JobStatus submit(ApiClient client) {
        Job.Builder job = Job.newBuilder();
        job.getDatasetBuilder().addPath("d");
        job.addTeachersBuilder().setSource("t.pt");
        return client.ask(j -> j.submit(SubmitRequest.newBuilder().setJob(job).build()));
    }

    private static JobStatus cancel(ApiClient client, String job) {
        return client.ask(j -> j.cancel(JobRequest.newBuilder().setId(job).build()));
    }

    private static String refusal(Runnable call) {
        return assertThrows(UserError.class, call::run).getMessage();
    }

    @Test
    void eachRoleMayDoWhatTheOneBelowMayAndItsOwn() {
        try (ApiClient reads = client(Optional.of(reader.token()));
                ApiClient submits = client(Optional.of(submitter.token()));
                ApiClient operates = client(Optional.of(operator.token()))) {
            list(reads);
            String denied = refusal(() -> submit(reads));
            assertTrue(
                    denied.endsWith(
                            "(PERMISSION_DENIED): simreg.v1.Jobs/Submit needs the role submit, and the token of ruth has the role read; use another token"),
                    denied);
            list(submits);
            String id = submit(submits).getId();
            assertTrue(refusal(() -> cancel(submits, id)).contains("needs the role operate"));
            submit(operates);
            cancel(operates, id);
        }
    }

    @Test
    void noTokenAndAnUnknownOneAreToldApart() {
        try (ApiClient nobody = client(Optional.empty());
                ApiClient stranger = client(
                        Optional.of(TokenFile.NewToken.of(Rights.Role.READ, "x").token()))) {
            assertTrue(refusal(() -> list(nobody)).contains("needs a token with the role read"));
            assertTrue(refusal(() -> list(stranger)).contains("is not known to this coordinator"));
        }
    }

    @Test
    void aWorkersTokenAttendsAndAPersonsDoesNot() throws Exception {
        try (ApiClient works = client(Optional.of(worker.token()));
                ApiClient operates = client(Optional.of(operator.token()))) {
            assertTrue(attend(works).get(30, TimeUnit.SECONDS).hasWelcome());
            Throwable denied = assertThrows(
                            Exception.class, () -> attend(operates).get(30, TimeUnit.SECONDS))
                    .getCause();
            String said = ((StatusRuntimeException) denied).getStatus().getDescription();
            assertTrue(said.contains("Workers/Attend needs the role worker"), said);
            assertTrue(refusal(() -> list(works)).contains("needs the role read"));
        }
    }

    private static CompletableFuture<Order> attend(ApiClient client) {
        CompletableFuture<Order> first = new CompletableFuture<>();
        StreamObserver<Report> line = WorkersGrpc.newStub(client.channel()).attend(new StreamObserver<>() {
            @Override
            public void onNext(Order order) {
                first.complete(order);
            }

            @Override
            public void onError(Throwable failure) {
                first.completeExceptionally(failure);
            }

            @Override
            public void onCompleted() {
                first.completeExceptionally(new AssertionError("ended"));
            }
        });
        Hello hello = Hello.newBuilder().setWorker("w1").setVersion("1").build();
        line.onNext(Report.newBuilder().setHello(hello).build());
        return first;
    }

    @Test
    void probesNeedNoToken() {
        try (ApiClient nobody = client(Optional.empty())) {
            assertEquals(
                    "SERVING",
                    HealthGrpc.newBlockingStub(nobody.channel())
                            .check(HealthCheckRequest.getDefaultInstance())
                            .getStatus()
                            .name());
        }
    }

    @Test
    void aChangedFileHoldsFromTheNextCallOnUnlessItIsWrong() throws Exception {
        TokenFile.NewToken late = TokenFile.NewToken.of(Rights.Role.READ, "late");
        try (ApiClient reads = client(Optional.of(reader.token()));
                ApiClient comes = client(Optional.of(late.token()))) {
            list(reads);
            Files.writeString(tokens, late.line() + "\n");
            assertTrue(refusal(() -> list(reads)).contains("is not known"));
            list(comes);
            Files.writeString(tokens, "boss " + "0".repeat(64) + " x\n");
            list(comes);
            Files.delete(tokens);
            list(comes);
        }
    }

    @Test
    void aWrongLineIsNamedAndATokenIsNotInItsLine() throws Exception {
        Files.writeString(tokens, reader.line() + "\nread abc me\n");
        String said = refusal(() -> Gate.by(tokens));
        assertTrue(said.startsWith("--tokens: " + tokens + " line 2 is not ROLE SHA256"), said);
        Files.writeString(tokens, "boss " + "0".repeat(64) + " x");
        assertTrue(refusal(() -> Gate.by(tokens)).contains("line 1: 'boss' is no role; choose"));
        assertTrue(refusal(() -> Gate.by(folder.resolve("none"))).contains("can't be read"));
        assertFalse(reader.line().contains(reader.token()));
        assertTrue(refusal(() -> TokenFile.NewToken.of(Rights.Role.READ, "a b")).contains("can't name a token"));
    }

    /** As of storage that is away: who asks may be an event loop. */
    @Test
    void aTokensFileThatDoesNotAnswerHoldsUpNobodyAndWhatWasReadHolds() throws Exception {
        CountDownLatch hung = new CountDownLatch(1);
        AtomicInteger reads = new AtomicInteger();
        TokenFile file = new TokenFile(tokens, Duration.ZERO, path -> {
            if (reads.incrementAndGet() > 1) {
                try {
                    hung.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            return reader.line().getBytes(StandardCharsets.UTF_8);
        });
        for (int i = 0; i < 3; i++) {
            assertEquals("ruth", file.find(reader.token()).orElseThrow().name());
        }
        assertEquals(2, reads.get(), "asked once while it hangs");
        hung.countDown();
    }
}
