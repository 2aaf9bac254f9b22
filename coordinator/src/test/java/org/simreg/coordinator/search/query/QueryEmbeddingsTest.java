package org.simreg.coordinator.search.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.coordinator.search.query.FakeSearchWorkers.ONE;
import static org.simreg.coordinator.search.query.FakeSearchWorkers.TWO;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.Refused;
import org.simreg.proto.SearchReply;
import org.simreg.proto.Vectors;

/** Queries with images some of which end the workers that read them. */
class QueryEmbeddingsTest {
    private static final SearchWorkers.Worker THREE = new SearchWorkers.Worker("w3", "third", 1 << 20);

    private final FakeSearchWorkers searchWorkers = new FakeSearchWorkers();
    private final FakeTimers timers = new FakeTimers();
    private final QueryEmbeddings embeddings = new QueryEmbeddings(timers, searchWorkers);

    private CompletableFuture<Vectors> ask(String image) {
        ImageQuery query =
                ImageQuery.newBuilder().addFiles(ByteString.copyFromUtf8(image)).build();
        long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(10);
        return embeddings.start(query, until).toCompletableFuture();
    }

    private static void answers(FakeSearchWorkers.Asked asked) {
        asked.reply()
                .complete(SearchReply.newBuilder()
                        .setVectors(Vectors.newBuilder().setDimension(7))
                        .build());
    }

    private static Refused refused(CompletableFuture<Vectors> query) {
        return (Refused) assertThrows(CompletionException.class, query::join).getCause();
    }

    @Test
    void aQueryThatTwoWorkersWereLostWithIsNotAskedOfAThird() {
        embeddings.workersChanged(List.of(ONE, TWO, THREE), List.of());
        CompletableFuture<Vectors> query = ask("bomb");
        assertEquals(ONE, searchWorkers.one().worker());
        embeddings.workersChanged(List.of(TWO, THREE), List.of());
        assertEquals(TWO, searchWorkers.one().worker());
        embeddings.workersChanged(List.of(THREE), List.of());
        timers.pass(SuspectedEnd.BACK_MS - 1);
        assertEquals(List.of(), searchWorkers.asked());
        assertFalse(query.isDone(), "one may come back");
        timers.pass(1000);
        assertEquals(List.of(), searchWorkers.asked());
        assertEquals(Refused.Kind.INVALID, refused(query).kind());
        assertTrue(
                refused(query).getMessage().contains("w1 and w2 were lost"),
                refused(query).getMessage());
        assertEquals(Refused.Kind.INVALID, refused(ask("bomb")).kind());
        assertEquals(List.of(), searchWorkers.asked(), "it is known by now");
        CompletableFuture<Vectors> other = ask("picture");
        answers(searchWorkers.one());
        assertEquals(7, other.join().getDimension());
    }

    @Test
    void oneThatComesAgainAndAgainEndsTwoWorkersInAll() {
        for (String process : List.of("first", "second")) {
            embeddings.workersChanged(List.of(started(process)), List.of());
            CompletableFuture<Vectors> query = ask("bomb");
            assertEquals(1, searchWorkers.asked().size());
            embeddings.workersChanged(List.of(), List.of());
            assertEquals(process.equals("first"), query.isCompletedExceptionally());
        }
        embeddings.workersChanged(List.of(started("third")), List.of());
        timers.pass(1000);
        assertEquals(Refused.Kind.INVALID, refused(ask("bomb")).kind());
        assertEquals(List.of(), searchWorkers.asked());
    }

    @Test
    void aQueryGoesOnOnceOneThatWasOnlySilentIsBack() {
        embeddings.workersChanged(List.of(ONE, TWO), List.of());
        CompletableFuture<Vectors> query = ask("picture");
        assertEquals(ONE, searchWorkers.one().worker());
        embeddings.workersChanged(List.of(TWO), List.of());
        assertEquals(TWO, searchWorkers.one().worker());
        embeddings.workersChanged(List.of(), List.of());
        timers.pass(5000);
        assertFalse(query.isDone());
        embeddings.workersChanged(List.of(TWO), List.of());
        timers.pass(1000);
        FakeSearchWorkers.Asked again = searchWorkers.one();
        assertEquals(TWO, again.worker());
        answers(again);
        assertEquals(7, query.join().getDimension());
    }

    private static SearchWorkers.Worker started(String process) {
        return new SearchWorkers.Worker("w1", process, 1 << 20);
    }

    @Test
    void aWorkerThatWasSilentOnlyIsNotCounted() {
        for (int i = 0; i < 3; i++) {
            embeddings.workersChanged(List.of(ONE), List.of());
            CompletableFuture<Vectors> query = ask("picture");
            assertEquals(1, searchWorkers.asked().size());
            embeddings.workersChanged(List.of(), List.of());
            assertTrue(query.isCompletedExceptionally());
        }
        embeddings.workersChanged(List.of(ONE, TWO), List.of());
        CompletableFuture<Vectors> query = ask("picture");
        SearchWorkers.Worker first = searchWorkers.one().worker();
        SearchWorkers.Worker second = first.equals(ONE) ? TWO : ONE;
        embeddings.workersChanged(List.of(second), List.of());
        assertEquals(second, searchWorkers.one().worker());
        embeddings.workersChanged(List.of(ONE, TWO), List.of());
        embeddings.workersChanged(List.of(first), List.of());
        assertEquals(Refused.Kind.UNAVAILABLE, refused(query).kind());
    }

    @Test
    void oneThatNobodyAnswersHoldsUpTwoWorkersOnly() {
        embeddings.workersChanged(List.of(ONE, TWO, THREE), List.of());
        CompletableFuture<Vectors> query = ask("slow");
        searchWorkers.one().reply().completeExceptionally(new TimeoutException("30 s"));
        searchWorkers.one().reply().completeExceptionally(new TimeoutException("30 s"));
        assertEquals(List.of(), searchWorkers.asked());
        assertEquals(Refused.Kind.INVALID, refused(query).kind());
    }

    @Test
    void thoseBehindAQueryThatEndsWorkersAreNotCounted() {
        for (int i = 0; i < QueryEmbedding.MOST_ENDED; i++) {
            embeddings.workersChanged(List.of(ONE), List.of());
            assertFalse(ask("bomb " + i).isDone());
            assertFalse(ask("picture").isDone());
            assertEquals(2, searchWorkers.asked().size());
            embeddings.workersChanged(List.of(), List.of());
            embeddings.workersChanged(List.of(TWO), List.of());
            assertFalse(ask("slow " + i).isDone());
            assertFalse(ask("picture").isDone());
            List<FakeSearchWorkers.Asked> asked = searchWorkers.asked();
            asked.get(1).reply().completeExceptionally(new TimeoutException("30 s"));
            asked.get(0).reply().completeExceptionally(new TimeoutException("30 s"));
        }
        embeddings.workersChanged(List.of(ONE), List.of());
        CompletableFuture<Vectors> query = ask("picture");
        answers(searchWorkers.one());
        assertEquals(7, query.join().getDimension());
    }

    @Test
    void aWorkerThatLeavesMayAnswerYetAndIsNotCounted() {
        embeddings.workersChanged(List.of(ONE, TWO), List.of());
        CompletableFuture<Vectors> query = ask("picture");
        FakeSearchWorkers.Asked asked = searchWorkers.one();
        embeddings.workersChanged(List.of(TWO), List.of(ONE));
        assertEquals(List.of(), searchWorkers.asked());
        answers(asked);
        assertEquals(7, query.join().getDimension());
    }

    @Test
    void oneThatCanNotBeReachedIsNotCounted() {
        embeddings.workersChanged(List.of(ONE, TWO, THREE), List.of());
        CompletableFuture<Vectors> query = ask("picture");
        searchWorkers.one().reply().completeExceptionally(new IllegalStateException("no handlers"));
        searchWorkers.one().fails("no such weights");
        answers(searchWorkers.one());
        assertEquals(7, query.join().getDimension());
    }
}
