package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.grpc.client.JobEvents;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.ListRequest;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.WatchRequest;

/** Many, slow, silent and broken clients, beside which the server answers others. */
@Timeout(120)
class ManyClientsTest {
    private static final int WATCHERS = 200;
    private static final int EVENTS = 50;

    private final Served served = Served.onPort();
    private final long seed = Long.getLong("simreg.test.seed", System.nanoTime());

    @AfterEach
    void close() {
        served.close();
    }

    private ApiClient client() {
        return ApiClient.open(new HostPort("localhost", served.server.port()), Duration.ZERO);
    }

    private String submit() throws Exception {
        Job.Builder job = Job.newBuilder();
        job.getDatasetBuilder().clearPath().addPath("d");
        job.addTeachersBuilder().setSource("t.pt");
        SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
        return served.call(() -> served.jobs.submitted(request).getId());
    }

    private void stillAnswers() {
        try (ApiClient client = client()) {
            client.ask(jobs -> jobs.list(ListRequest.getDefaultInstance()));
        }
    }

    @Test
    void twoHundredWatchersOfOneJobAllSeeEveryEventInOrder() throws Exception {
        String id = submit();
        AtomicIntegerArray seen = new AtomicIntegerArray(WATCHERS);
        CountDownLatch ended = new CountDownLatch(WATCHERS);
        List<ApiClient> clients = new ArrayList<>();
        for (int i = 0; i < WATCHERS; i++) {
            int mine = i;
            ApiClient client = client();
            clients.add(client);
            JobEvents events = new JobEvents(client, id, 0);
            Runnable watching = () -> {
                events.run(
                        event -> {
                            if (event.getSequence() == seen.get(mine)) {
                                seen.incrementAndGet(mine);
                            }
                        },
                        notice -> {});
                ended.countDown();
            };
            Thread thread = new Thread(watching, "watcher-" + i);
            thread.setDaemon(true);
            thread.start();
        }
        for (int i = 0; i < EVENTS; i++) {
            served.run(() -> served.jobs.train(id, 1));
        }
        served.run(() -> served.jobs.become(id, JobState.SUCCEEDED, ""));
        assertTrue(ended.await(90, TimeUnit.SECONDS), ended.getCount() + " still watch");
        int all = seen.get(0);
        assertTrue(all >= EVENTS, all + " events");
        for (int i = 0; i < WATCHERS; i++) {
            assertEquals(all, seen.get(i), "watcher " + i);
        }
        clients.forEach(ApiClient::close);
    }

    @Test
    void aWatcherThatNeverReadsIsSentLittleAndHoldsUpNobody() throws Exception {
        String id = submit();
        try (ApiClient slow = client();
                ApiClient quick = client()) {
            ClientCall<WatchRequest, JobEvent> call =
                    slow.channel().newCall(JobsGrpc.getWatchMethod(), CallOptions.DEFAULT);
            call.start(new ClientCall.Listener<>() {}, new Metadata());
            call.sendMessage(WatchRequest.newBuilder().setId(id).build());
            call.halfClose();
            // More than fits into a connection's window.
            int all = 120_000;
            served.await("a watch", () -> !served.jobs.unwatched());
            served.run(() -> served.jobs.train(id, all));
            List<Long> seen = new ArrayList<>();
            served.run(() -> served.jobs.become(id, JobState.SUCCEEDED, ""));
            new JobEvents(quick, id, 0).run(event -> seen.add(event.getSequence()), notice -> {});
            assertTrue(seen.size() >= all);
            long sent = served.call(() -> served.jobs.leastSent());
            assertTrue(sent < all / 2, sent + " events wait in memory for one that never reads");
            call.cancel("enough", null);
        }
    }

    @Test
    void randomBytesAndMalformedFramesHurtOnlyTheirOwnConnection() throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < 60; i++) {
            byte[] bytes = new byte[random.nextInt(1, 40_000)];
            random.nextBytes(bytes);
            try (Socket socket = new Socket("localhost", served.server.port())) {
                OutputStream out = socket.getOutputStream();
                if (i % 2 == 0) {
                    // After it random bytes are read as frames.
                    out.write(preface);
                    out.write(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
                }
                out.write(bytes);
            } catch (IOException shownOut) {
                continue;
            }
        }
        stillAnswers();
    }

    @Test
    void aMessageThatIsTooLargeIsRefusedAndTheConnectionGoesOn() {
        Job.Builder job = Job.newBuilder();
        job.getDatasetBuilder().clearPath().addPath("p".repeat(GrpcServer.LARGEST_REQUEST));
        SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
        try (ApiClient client = client()) {
            JobsGrpc.JobsBlockingStub jobs = JobsGrpc.newBlockingStub(client.channel());
            StatusRuntimeException e = assertThrows(StatusRuntimeException.class, () -> jobs.submit(request));
            assertEquals(Status.Code.RESOURCE_EXHAUSTED, e.getStatus().getCode());
            jobs.list(ListRequest.getDefaultInstance());
        }
    }

    @Test
    void connectionsThatSayNothingHoldUpNobody() throws Exception {
        List<Socket> silent = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            silent.add(new Socket("localhost", served.server.port()));
        }
        stillAnswers();
        for (Socket socket : silent) {
            socket.close();
        }
    }
}
