package org.simreg.coordinator.search.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.coordinator.search.query.FakeSearchWorkers.ONE;
import static org.simreg.coordinator.search.query.FakeSearchWorkers.TWO;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.search.query.FakeSearchWorkers.Asked;
import org.simreg.proto.Refused;
import org.simreg.proto.ShardFile;
import org.simreg.worker.features.search.TopK;

class ShardQueryFanoutTest {
    private static final ShardFile SHARD =
            ShardFile.newBuilder().setBank("bank").setVersion("v").setRows(10).build();
    private static final int TIMEOUT_MS = 60_000;

    private final FakeTimers timers = new FakeTimers();
    private final FakeSearchWorkers searchWorkers = new FakeSearchWorkers();
    private final ShardHolders holders = new ShardHolders(searchWorkers, List.of(SHARD), 1);

    private void workersChanged(SearchWorkers.Worker... workers) {
        holders.workersChanged(List.of(workers), Map.of(), timers.now());
    }

    /** The first worker has the shard open, the second doesn't. */
    private void opened() {
        workersChanged(ONE, TWO);
        searchWorkers.one().holds();
    }

    private ShardQueryFanout fanout() {
        return new ShardQueryFanout(
                timers,
                searchWorkers,
                holders,
                new ShardQueryFanout.QueryBatch("bank", ByteString.copyFrom(new byte[4]), 1, 1, TIMEOUT_MS));
    }

    private static CompletableFuture<List<TopK>> started(ShardQueryFanout fanout) {
        return fanout.start().toCompletableFuture();
    }

    private void assertFound(long id, CompletableFuture<List<TopK>> answer) {
        assertTrue(answer.isDone());
        assertEquals(id, answer.join().get(0).ids()[0]);
        assertEquals(0, timers.waiting());
    }

    private void assertRefused(String words, CompletableFuture<List<TopK>> answer) {
        assertTrue(answer.isDone());
        CompletionException failure = assertThrows(CompletionException.class, answer::join);
        Refused refused = assertInstanceOf(Refused.class, failure.getCause());
        assertEquals(Refused.Kind.UNAVAILABLE, refused.kind());
        assertTrue(refused.getMessage().contains(words), refused.getMessage());
        assertEquals(0, timers.waiting());
    }

    @Test
    void theShardOfAWorkerThatIsLostIsAskedElsewhereAtOnce() {
        opened();
        ShardQueryFanout fanout = fanout();
        CompletableFuture<List<TopK>> answer = started(fanout);
        Asked first = searchWorkers.one();
        assertEquals(ONE, first.worker());
        workersChanged(TWO);
        searchWorkers.asked();
        fanout.workersChanged();
        Asked second = searchWorkers.one();
        assertEquals(TWO, second.worker());
        first.fails("it is gone");
        assertFalse(answer.isDone());
        second.finds(7);
        assertFound(7, answer);
        assertTrue(holders.isOpen(TWO, 0));
    }

    @Test
    void aWorkerThatComesOrGoesElsewhereChangesNothing() {
        opened();
        ShardQueryFanout fanout = fanout();
        CompletableFuture<List<TopK>> answer = started(fanout);
        Asked first = searchWorkers.one();
        workersChanged(ONE);
        fanout.workersChanged();
        assertEquals(List.of(), searchWorkers.asked());
        first.finds(3);
        assertFound(3, answer);
    }

    @Test
    void aWorkerThatFailsIsFollowedByAnother() {
        opened();
        CompletableFuture<List<TopK>> answer = started(fanout());
        searchWorkers.one().fails("no memory");
        Asked second = searchWorkers.one();
        assertEquals(TWO, second.worker());
        second.finds(4);
        assertFound(4, answer);
    }

    @Test
    void anAnswerOfAnotherVersionIsNone() {
        opened();
        CompletableFuture<List<TopK>> answer = started(fanout());
        searchWorkers.one().finds(4, "older");
        searchWorkers.one().finds(5);
        assertFound(5, answer);
    }

    @Test
    void ofALateWorkerAndAnotherTheFirstToAnswerCounts() {
        workersChanged(ONE, TWO);
        searchWorkers.one().holds();
        holders.opened(TWO, 0);
        CompletableFuture<List<TopK>> answer = started(fanout());
        Asked late = searchWorkers.one();
        timers.pass(2999);
        assertEquals(List.of(), searchWorkers.asked());
        timers.pass(1);
        searchWorkers.one().finds(8);
        assertFound(8, answer);
        late.finds(9);
        assertFound(8, answer);
    }

    @Test
    void aWorkerThatWouldHaveToOpenTheShardIsAskedMuchLater() {
        opened();
        CompletableFuture<List<TopK>> answer = started(fanout());
        searchWorkers.one();
        timers.pass(19_000);
        assertEquals(List.of(), searchWorkers.asked());
        timers.pass(2_000);
        searchWorkers.one().finds(6);
        assertFound(6, answer);
    }

    @Test
    void ifAllFailAgainAndAgainTheWholeDoes() {
        workersChanged(ONE);
        searchWorkers.one().holds();
        CompletableFuture<List<TopK>> answer = started(fanout());
        while (!answer.isDone()) {
            searchWorkers.asked().forEach(asked -> asked.fails("no memory"));
            timers.pass(100);
        }
        assertRefused("all workers that attend have failed (w1: no memory)", answer);
    }

    @Test
    void withoutWorkersItWaitsAWhileForOne() {
        CompletableFuture<List<TopK>> answer = started(fanout());
        timers.pass(2_500);
        workersChanged(ONE);
        searchWorkers.one().holds();
        timers.pass(200);
        searchWorkers.one().finds(1);
        assertFound(1, answer);
    }

    @Test
    void withoutWorkersItFailsInTheEnd() {
        CompletableFuture<List<TopK>> answer = started(fanout());
        timers.pass(3_500);
        assertRefused("no worker attends", answer);
    }

    @Test
    void afterItsTimeItFailsAndSaysOfWhichShard() {
        workersChanged(ONE);
        searchWorkers.one().holds();
        CompletableFuture<List<TopK>> answer = started(fanout());
        timers.pass(TIMEOUT_MS);
        assertRefused("Shard 0 of the bank bank", answer);
        assertRefused("more than 60000 ms", answer);
    }
}
