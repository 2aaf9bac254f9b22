package org.simreg.coordinator.search;

import com.google.protobuf.ByteString;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.simreg.coordinator.api.Refused;
import org.simreg.worker.search.TopK;

/**
 * Queries of many clients, gathered so that workers compute matrix products: what comes while the
 * bank is asked already waits and goes together. A query that finds the bank idle goes at once. The
 * window is as long as the workers are busy: no clock decides it. Belongs to the search thread.
 */
final class Gathering {
    /** Most queries that travel together. */
    static final int MOST = 256;

    private static final int MOST_BYTES = 4 << 20;
    private static final int LEAST = 16;

    /** While one batch is computed the next is on its way. */
    private static final int UNDER_WAY = 2;

    private static final int MOST_WAITING = 1 << 16;

    private final String bank;
    private final int together;
    private final Function<Fanout.Batch, Future<TopK>> fanout;
    private final Deque<Ask> queue = new ArrayDeque<>();
    private int waiting;
    private int underWay;

    private record Ask(VectorQuery question, Promise<TopK> answer) {}

    /**
     * @param dimension D
     * @param fanout asks all shards, and answers on the search thread
     */
    Gathering(String bank, int dimension, Function<Fanout.Batch, Future<TopK>> fanout) {
        this.bank = bank;
        this.fanout = fanout;
        together = Math.max(LEAST, Math.min(MOST, MOST_BYTES / (Float.BYTES * dimension)));
    }

    /** Asks, now or with others. */
    Future<TopK> ask(VectorQuery question) {
        if (waiting + question.queries() > MOST_WAITING) {
            return Future.failedFuture(
                    io.grpc.Status.RESOURCE_EXHAUSTED
                            .withDescription(
                                    "%d queries wait for the bank %s already, and at most %d may; ask again later"
                                            .formatted(waiting, bank, MOST_WAITING))
                            .asRuntimeException());
        }
        int width = question.vectors().size() / question.queries();
        List<Future<TopK>> parts = new ArrayList<>();
        for (int from = 0; from < question.queries(); from += together) {
            int count = Math.min(together, question.queries() - from);
            ByteString own = question.vectors().substring(from * width, (from + count) * width);
            Ask ask =
                    new Ask(
                            new VectorQuery(own, count, question.k(), question.until()),
                            Promise.promise());
            queue.add(ask);
            waiting += count;
            parts.add(ask.answer().future());
        }
        send();
        return Future.all(parts)
                .map(all -> Merge.joined(parts.stream().map(Future::result).toList()));
    }

    private void send() {
        while (underWay < UNDER_WAY && !queue.isEmpty()) {
            List<Ask> together = next();
            if (!together.isEmpty()) {
                underWay++;
                ask(together);
            }
        }
    }

    private List<Ask> next() {
        List<Ask> next = new ArrayList<>();
        int count = 0;
        while (!queue.isEmpty()
                && (next.isEmpty() || count + queue.peek().question().queries() <= together)) {
            Ask ask = queue.remove();
            waiting -= ask.question().queries();
            if (ask.question().until() - System.nanoTime() <= 0) {
                ask.answer().tryFail(late());
            } else {
                next.add(ask);
                count += ask.question().queries();
            }
        }
        return next;
    }

    private Refused late() {
        return new Refused(
                Refused.Kind.UNAVAILABLE,
                "The queries waited too long for the bank %s, which is busy; ask again"
                        .formatted(bank));
    }

    private void ask(List<Ask> asks) {
        ByteString vectors = ByteString.EMPTY;
        int queries = 0;
        int k = 1;
        long until = asks.get(0).question().until();
        for (Ask ask : asks) {
            vectors = vectors.concat(ask.question().vectors());
            queries += ask.question().queries();
            k = Math.max(k, ask.question().k());
            until = until - ask.question().until() > 0 ? until : ask.question().until();
        }
        long patience = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
        fanout.apply(new Fanout.Batch(bank, vectors, queries, k, Math.max(1, patience)))
                .onComplete(
                        done -> {
                            underWay--;
                            int from = 0;
                            for (Ask ask : asks) {
                                if (done.succeeded()) {
                                    VectorQuery own = ask.question();
                                    ask.answer()
                                            .tryComplete(
                                                    Merge.part(
                                                            done.result(),
                                                            from,
                                                            own.queries(),
                                                            own.k()));
                                    from += own.queries();
                                } else {
                                    ask.answer().tryFail(done.cause());
                                }
                            }
                            send();
                        });
    }

    /** Fails what waits. */
    void close() {
        while (!queue.isEmpty()) {
            queue.remove()
                    .answer()
                    .tryFail(
                            new Refused(Refused.Kind.UNKNOWN, "The bank " + bank + " was deleted"));
        }
        waiting = 0;
    }
}
