package org.simreg.coordinator.search.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Refused;
import org.simreg.worker.features.search.TopK;

class QueryBatcherTest {
    private static final int WIDTH = Float.BYTES;

    private final List<ShardQueryFanout.QueryBatch> batches = new ArrayList<>();
    private final List<CompletableFuture<TopK>> answers = new ArrayList<>();
    private final QueryBatcher batcher = new QueryBatcher("bank", 1, this::asked);

    private CompletionStage<TopK> asked(ShardQueryFanout.QueryBatch batch) {
        batches.add(batch);
        CompletableFuture<TopK> answer = new CompletableFuture<>();
        answers.add(answer);
        return answer;
    }

    private CompletableFuture<TopK> ask(int queries, int k) {
        return ask(queries, k, 60_000);
    }

    private CompletableFuture<TopK> ask(int queries, int k, long timeoutMs) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        ByteString vectors = ByteString.copyFrom(new byte[queries * WIDTH]);
        return batcher.enqueue(new VectorQuery(vectors, queries, k, until)).toCompletableFuture();
    }

    /** Answers a batch with ids that count up. */
    private void answer(int batch) {
        int queries = batches.get(batch).queries();
        int k = batches.get(batch).k();
        long[] ids = LongStream.range(0, (long) queries * k).toArray();
        answers.get(batch).complete(new TopK(queries, k, ids, new int[ids.length], new double[ids.length]));
    }

    private static Refused refusal(CompletableFuture<TopK> answer) {
        CompletionException failure = assertThrows(CompletionException.class, answer::join);
        return assertInstanceOf(Refused.class, failure.getCause());
    }

    @Test
    void whatComesWhileTheBankIsBusyGoesTogetherAndIsTakenApart() {
        CompletableFuture<TopK> first = ask(1, 1);
        CompletableFuture<TopK> second = ask(1, 1);
        CompletableFuture<TopK> third = ask(2, 1);
        CompletableFuture<TopK> fourth = ask(1, 3);
        assertEquals(2, batches.size());
        answer(0);
        assertTrue(first.isDone());
        assertFalse(second.isDone());
        assertEquals(3, batches.size());
        assertEquals(3, batches.get(2).queries());
        assertEquals(3, batches.get(2).k());
        answer(2);
        assertEquals(List.of(0L, 3L), LongStream.of(third.join().ids()).boxed().toList());
        assertEquals(
                List.of(6L, 7L, 8L), LongStream.of(fourth.join().ids()).boxed().toList());
        answer(1);
        assertTrue(second.isDone());
    }

    @Test
    void manyQueriesOfOneGoInPartsAndComeBackAsOne() {
        CompletableFuture<TopK> all = ask(QueryBatcher.MOST + 10, 2);
        assertEquals(
                List.of(QueryBatcher.MOST, 10),
                batches.stream().map(ShardQueryFanout.QueryBatch::queries).toList());
        answer(1);
        assertFalse(all.isDone());
        answer(0);
        assertEquals(QueryBatcher.MOST + 10, all.join().queries());
    }

    @Test
    void aPartThatFailsFailsTheWholeAtOnce() {
        CompletableFuture<TopK> all = ask(2 * QueryBatcher.MOST, 2);
        Refused why = new Refused(Refused.Kind.UNAVAILABLE, "no worker attends");
        answers.get(1).completeExceptionally(new CompletionException(why));
        assertEquals(why, refusal(all));
        answer(0);
        assertEquals(why, refusal(all));
        // The failure is not in the way of those that follow.
        CompletableFuture<TopK> next = ask(1, 1);
        answer(2);
        assertTrue(next.isDone());
    }

    @Test
    void queriesThatWaitedForTooLongAreNotAsked() {
        ask(1, 1);
        ask(1, 1);
        CompletableFuture<TopK> late = ask(1, 1, -1);
        answer(0);
        assertEquals(2, batches.size());
        assertTrue(refusal(late).getMessage().contains("busy"));
    }

    @Test
    void tooManyThatWaitAreRefused() {
        ask(2 * QueryBatcher.MOST, 1);
        ask(1 << 16, 1);
        CompletableFuture<TopK> more = ask(1, 1);
        assertEquals(Refused.Kind.FULL, refusal(more).kind());
        assertTrue(refusal(more).getMessage().contains("65536 queries wait for the bank bank"));
    }

    @Test
    void aDeletedBankFailsWhatWaits() {
        ask(2 * QueryBatcher.MOST, 1);
        CompletableFuture<TopK> waits = ask(1, 1);
        batcher.close();
        assertEquals(Refused.Kind.UNKNOWN, refusal(waits).kind());
    }
}
