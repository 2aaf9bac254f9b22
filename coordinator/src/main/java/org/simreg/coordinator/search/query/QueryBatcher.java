package org.simreg.coordinator.search.query;

import com.google.protobuf.ByteString;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.simreg.proto.Refused;
import org.simreg.worker.features.search.TopK;

/**
 * The queue of one bank's queries, which batches those of many clients so that workers compute
 * matrix products. A query that finds the bank idle is sent at once; those that come while batches
 * are under way wait and go together, so no clock decides how long. Belongs to the banks' thread.
 */
public final class QueryBatcher {
    /** Most queries in a batch. */
    static final int MOST = 256;

    private static final int MOST_BYTES = 4 << 20;
    private static final int LEAST = 16;

    /** While one batch is computed the next is on its way. */
    private static final int IN_FLIGHT = 2;

    private static final int MOST_WAITING = 1 << 16;

    private final String bank;
    private final int batchSize;
    private final Function<ShardQueryFanout.QueryBatch, CompletionStage<TopK>> fanout;
    private final Deque<Waiting> queue = new ArrayDeque<>();
    private int waiting;
    private int inFlight;

    /** A query in the queue, with the future of its neighbours. */
    private record Waiting(VectorQuery query, CompletableFuture<TopK> answer) {
        void fail(Throwable failure) {
            answer.completeExceptionally(failure);
        }
    }

    /**
     * @param dimension D
     * @param fanout asks all shards, and answers on the banks' thread
     */
    public QueryBatcher(
            String bank, int dimension, Function<ShardQueryFanout.QueryBatch, CompletionStage<TopK>> fanout) {
        this.bank = bank;
        this.fanout = fanout;
        batchSize = Math.max(LEAST, Math.min(MOST, MOST_BYTES / (Float.BYTES * dimension)));
    }

    /** The neighbours of a query, which is sent now or with others. */
    public CompletionStage<TopK> enqueue(VectorQuery query) {
        if (waiting + query.queries() > MOST_WAITING) {
            return CompletableFuture.failedFuture(new Refused(
                    Refused.Kind.FULL,
                    "%d queries wait for the bank %s already, and at most %d may; ask again later"
                            .formatted(waiting, bank, MOST_WAITING)));
        }
        int width = query.vectors().size() / query.queries();
        List<CompletableFuture<TopK>> parts = new ArrayList<>();
        for (int from = 0; from < query.queries(); from += batchSize) {
            int count = Math.min(batchSize, query.queries() - from);
            ByteString own = query.vectors().substring(from * width, (from + count) * width);
            CompletableFuture<TopK> part = new CompletableFuture<>();
            queue.add(new Waiting(new VectorQuery(own, count, query.k(), query.until()), part));
            waiting += count;
            parts.add(part);
        }
        send();
        return joined(parts);
    }

    /** All parts as one, or the failure of the first that fails. */
    private static CompletionStage<TopK> joined(List<CompletableFuture<TopK>> parts) {
        CompletableFuture<Void> all = CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new));
        parts.forEach(part -> part.exceptionally(failure -> {
            all.completeExceptionally(failure);
            return null;
        }));
        return all.thenApply(done ->
                TopKMerge.joined(parts.stream().map(CompletableFuture::join).toList()));
    }

    private void send() {
        while (inFlight < IN_FLIGHT && !queue.isEmpty()) {
            List<Waiting> batch = next();
            if (!batch.isEmpty()) {
                inFlight++;
                send(batch);
            }
        }
    }

    private List<Waiting> next() {
        List<Waiting> next = new ArrayList<>();
        int count = 0;
        while (!queue.isEmpty()
                && (next.isEmpty() || count + queue.peek().query().queries() <= batchSize)) {
            Waiting first = queue.remove();
            waiting -= first.query().queries();
            if (first.query().until() - System.nanoTime() <= 0) {
                first.fail(late());
            } else {
                next.add(first);
                count += first.query().queries();
            }
        }
        return next;
    }

    private Refused late() {
        return new Refused(
                Refused.Kind.UNAVAILABLE,
                "The queries waited too long for the bank %s, which is busy; ask again".formatted(bank));
    }

    private void send(List<Waiting> asked) {
        ByteString vectors = ByteString.EMPTY;
        int queries = 0;
        int k = 1;
        long until = asked.get(0).query().until();
        for (Waiting one : asked) {
            vectors = vectors.concat(one.query().vectors());
            queries += one.query().queries();
            k = Math.max(k, one.query().k());
            until = until - one.query().until() > 0 ? until : one.query().until();
        }
        long timeoutMs = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
        fanout.apply(new ShardQueryFanout.QueryBatch(bank, vectors, queries, k, Math.max(1, timeoutMs)))
                .whenComplete((found, failure) -> answered(asked, found, failure));
    }

    private void answered(List<Waiting> asked, TopK found, Throwable failure) {
        inFlight--;
        if (failure == null) {
            int from = 0;
            for (Waiting one : asked) {
                VectorQuery own = one.query();
                one.answer().complete(TopKMerge.part(found, from, own.queries(), own.k()));
                from += own.queries();
            }
        } else {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            asked.forEach(one -> one.fail(cause));
        }
        send();
    }

    /** Fails the queries that wait. */
    public void close() {
        while (!queue.isEmpty()) {
            queue.remove().fail(new Refused(Refused.Kind.UNKNOWN, "The bank " + bank + " was deleted"));
        }
        waiting = 0;
    }
}
