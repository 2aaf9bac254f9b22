package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.JobsGrpc;
import org.simreg.proto.Notice;
import org.simreg.proto.WatchRequest;

@Timeout(60)
class WatchTest {
    private final Served served = Served.onPort();

    @AfterEach
    void close() {
        served.close();
    }

    private String submit() throws Exception {
        return served.call(
                () -> served.jobs.submitted(JobsRpcTest.request().build()).getId());
    }

    private static WatchRequest from(String id, long sequence) {
        return WatchRequest.newBuilder().setId(id).setFromSequence(sequence).build();
    }

    private Iterator<JobEvent> watch(String id, long sequence) {
        return JobsGrpc.newBlockingStub(served.channel).watch(from(id, sequence));
    }

    @Test
    void thePastComesFirstThenWhatHappensThenTheEnd() throws Exception {
        String id = submit();
        served.run(() -> served.jobs.train(id, 3));
        Iterator<JobEvent> events = watch(id, 1);
        assertEquals(1, events.next().getSequence());
        assertEquals(3, events.next().getProgress().getStep().getStep());
        served.run(() -> served.jobs.train(id, 1));
        assertEquals(3, events.next().getSequence());
        served.run(() -> served.jobs.become(id, JobState.SUCCEEDED, ""));
        assertEquals(JobState.SUCCEEDED, events.next().getProgress().getState().getState());
        assertFalse(events.hasNext());
    }

    @Test
    void aWatchGoesOnFromASequenceAfterABrokenStream() throws Exception {
        String id = submit();
        served.run(() -> served.jobs.train(id, 5));
        Iterator<JobEvent> broken = watch(id, 0);
        List<Long> seen = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            seen.add(broken.next().getSequence());
        }
        int port = served.server.port();
        served.server.close();
        assertThrows(StatusRuntimeException.class, () -> drain(broken, new ArrayList<>()));
        served.await("unwatched", served.jobs::unwatched);
        try (Served again = Served.again(served.jobs, port)) {
            assertEquals(port, again.server.port());
            again.jobs.handOver();
            again.run(() -> again.jobs.become(id, JobState.CANCELLED, "enough"));
            served.channel.resetConnectBackoff();
            Iterator<JobEvent> rest =
                    JobsGrpc.newBlockingStub(served.channel).withWaitForReady().watch(from(id, seen.size()));
            drain(rest, seen);
        }
        assertEquals(LongStream.range(0, 6).boxed().toList(), seen);
    }

    private static void drain(Iterator<JobEvent> events, List<Long> seen) {
        events.forEachRemaining(event -> seen.add(event.getSequence()));
    }

    @Test
    void aClientThatCancelsIsNotFollowedAnyMore() throws Exception {
        String id = submit();
        served.run(() -> served.jobs.train(id, 1));
        Context.CancellableContext context = Context.current().withCancellation();
        context.call(() -> watch(id, 0).next());
        context.cancel(null);
        served.await("unfollowed", () -> served.jobs.followers.get(0).closed);
        served.run(() -> served.jobs.train(id, 1));
        assertEquals(1, (long) served.call(() -> served.jobs.followers.get(0).sent()));
    }

    /** A watcher that reads no more events than the test asks for. */
    private static final class Slow implements ClientResponseObserver<WatchRequest, JobEvent> {
        final List<Long> seen = new ArrayList<>();
        final CompletableFuture<Void> ended = new CompletableFuture<>();
        ClientCallStreamObserver<WatchRequest> call;

        @Override
        public void beforeStart(ClientCallStreamObserver<WatchRequest> call) {
            this.call = call;
            call.disableAutoRequestWithInitial(0);
        }

        @Override
        public void onNext(JobEvent event) {
            seen.add(event.getSequence());
        }

        @Override
        public void onError(Throwable failure) {
            ended.completeExceptionally(failure);
        }

        @Override
        public void onCompleted() {
            ended.complete(null);
        }
    }

    @Test
    void aSlowWatcherIsNotBufferedForWithoutBound() throws Exception {
        String id = submit();
        String noise = LongStream.range(0, 1000).mapToObj(i -> i * i * i + " ").toList() + "";
        int events = 4_000;
        served.run(() -> say(id, events, noise));
        Slow slow = new Slow();
        JobsGrpc.newStub(served.channel).watch(from(id, 0), slow);
        served.await("full", () -> !served.jobs.followers.isEmpty());
        served.await("full", () -> served.jobs.followers.get(0).waits);
        served.run(() -> say(id, 10, noise));
        long sent = served.call(() -> served.jobs.followers.get(0).sent());
        // There are 40 MB of events; a window of 1 MiB and 32 KiB beyond it may be on their way,
        // compressed.
        assertTrue(sent < 1000, sent + " events are buffered for a client that reads none");
        slow.call.request(Integer.MAX_VALUE);
        served.run(() -> served.jobs.become(id, JobState.SUCCEEDED, ""));
        Served.soon(slow.ended);
        assertEquals(LongStream.range(0, events + 11).boxed().toList(), slow.seen);
    }

    private void say(String id, int times, String text) {
        served.jobs.say(
                id, times, (event, n) -> event.setNotice(Notice.newBuilder().setText(text)));
    }
}
