package org.simreg.coordinator.grpc.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.simreg.coordinator.grpc.Served;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.WatchRequest;

/** Watches of jobs of which nothing is heard for long, through a proxy that cuts idle connections. */
@Timeout(300)
class WatchThroughProxyTest {
    private final Served served = Served.onPort();
    private final BlockingQueue<Long> seen = new LinkedBlockingQueue<>();
    private final List<String> notices = new CopyOnWriteArrayList<>();
    private String id = "";

    @BeforeEach
    void submit() throws Exception {
        Job.Builder job = Job.newBuilder().setName("watched");
        job.getDatasetBuilder().addPath("photos");
        job.addTeachersBuilder().setSource("t.pt");
        id = served.call(() -> served.jobs
                .submitted(SubmitRequest.newBuilder().setJob(job).build())
                .getId());
    }

    @AfterEach
    void close() {
        served.close();
    }

    private IdleProxy proxy(Duration idle) throws Exception {
        return new IdleProxy(served.server.port(), idle);
    }

    private CompletableFuture<Void> follow(ApiClient client) {
        JobEvents events = new JobEvents(client, id, 0);
        return CompletableFuture.runAsync(() -> events.run(event -> seen.add(event.getSequence()), notices::add));
    }

    private void happens(long sequence) throws Exception {
        served.run(() -> served.jobs.train(id, 1));
        assertEquals(sequence, seen.poll(60, TimeUnit.SECONDS));
    }

    private void end(CompletableFuture<Void> following, long sequence) throws Exception {
        served.run(() -> served.jobs.become(id, JobState.SUCCEEDED, ""));
        following.get(60, TimeUnit.SECONDS);
        assertEquals(sequence, seen.poll());
        assertNull(seen.poll(), "no event comes twice");
        assertEquals(List.of(), notices);
    }

    @Test
    void aConnectionThatIsCutIsMadeAgainAndNothingIsSaid() throws Exception {
        try (IdleProxy proxy = proxy(Duration.ofMinutes(5));
                ApiClient client = ApiClient.open(proxy.address(), Duration.ZERO)) {
            CompletableFuture<Void> following = follow(client);
            for (int event = 0; event < 4; event++) {
                happens(event);
                proxy.cutAll();
            }
            end(following, 4);
        }
    }

    /** The client's own pings come every ten seconds, this proxy waits for three. */
    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void aProxyThatCutsBetweenTwoPingsOnlyCostsConnections() throws Exception {
        try (IdleProxy proxy = proxy(Duration.ofSeconds(3));
                ApiClient client = ApiClient.open(proxy.address(), Duration.ZERO)) {
            CompletableFuture<Void> following = follow(client);
            happens(0);
            for (int cut = 0; cut < 3; cut++) {
                assertNotNull(proxy.cuts.poll(60, TimeUnit.SECONDS));
            }
            happens(1);
            end(following, 2);
        }
    }

    /** What the coordinator sends of itself every 20 s: for clients in other languages, which send none. */
    @Test
    @EnabledIfSystemProperty(named = "simreg.test.kills", matches = "\\d+")
    void theCoordinatorsPingsKeepAConnectionWhoseClientSendsNone() throws Exception {
        try (IdleProxy proxy = proxy(Duration.ofSeconds(30))) {
            ManagedChannel channel = NettyChannelBuilder.forAddress(
                            proxy.address().host(), proxy.address().port())
                    .usePlaintext()
                    .build();
            try {
                BlockingQueue<JobEvent> events = new LinkedBlockingQueue<>();
                CompletableFuture<Void> following = CompletableFuture.runAsync(() -> JobsGrpc.newBlockingStub(channel)
                        .watch(WatchRequest.newBuilder().setId(id).build())
                        .forEachRemaining(events::add));
                served.run(() -> served.jobs.train(id, 1));
                assertEquals(0, events.take().getSequence());
                for (int ping = 0; ping < 3; ping++) {
                    assertNotNull(proxy.silences.poll(60, TimeUnit.SECONDS));
                }
                served.run(() -> served.jobs.become(id, JobState.SUCCEEDED, ""));
                following.get(60, TimeUnit.SECONDS);
                assertEquals(1, events.take().getSequence());
                assertEquals(0, proxy.cuts.size());
            } finally {
                channel.shutdownNow();
            }
        }
    }
}
