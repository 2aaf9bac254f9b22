package org.simreg.coordinator.search.query;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.Refused;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.Vectors;

/**
 * The embedding of one query's images by a worker, and by the next one where that fails. Belongs to
 * the search thread.
 */
public final class QueryEmbedding {
    private static final long ASK_MS = 30_000;

    /** How long the query waits for a worker if none attends. */
    private static final long NO_WORKER_MS = 3000;

    private static final long RETRY_MS = 100;

    private final Timers timers;
    private final SearchWorkers searchWorkers;
    private final SearchOrder order;
    private final long until;
    private final Supplier<Collection<SearchWorkers.Worker>> workers;
    private final long begun;
    private final CompletableFuture<Vectors> vectors = new CompletableFuture<>();
    private Deque<SearchWorkers.Worker> next = new ArrayDeque<>();

    /**
     * @param workers that attend now, in the order in which they are asked
     * @param until deadline in nanoseconds of {@link System#nanoTime}
     */
    public QueryEmbedding(
            Timers timers,
            SearchWorkers searchWorkers,
            Supplier<Collection<SearchWorkers.Worker>> workers,
            ImageQuery query,
            long until) {
        this.timers = timers;
        begun = timers.now();
        this.searchWorkers = searchWorkers;
        this.workers = workers;
        this.until = until;
        order = SearchOrder.newBuilder().setImages(query).build();
    }

    /**
     * @return fails with {@link Refused} if no worker can, or an image can't be read
     */
    public CompletionStage<Vectors> start() {
        awaitWorkers();
        return vectors;
    }

    private void awaitWorkers() {
        next = new ArrayDeque<>(workers.get());
        if (next.isEmpty() && timers.now() - begun < NO_WORKER_MS) {
            timers.after(RETRY_MS, this::awaitWorkers);
        } else {
            ask("no worker attends");
        }
    }

    private void ask(String trouble) {
        if (next.isEmpty()) {
            vectors.completeExceptionally(new Refused(
                    Refused.Kind.UNAVAILABLE,
                    "The images of the query can't be embedded: %s; ask again later".formatted(trouble)));
            return;
        }
        SearchWorkers.Worker worker = next.remove();
        long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
        searchWorkers.ask(
                worker,
                order,
                Math.max(1, Math.min(ASK_MS, left)),
                reply -> take(worker, reply),
                e -> ask(worker.name() + ": " + e.getMessage()));
    }

    private void take(SearchWorkers.Worker worker, SearchReply reply) {
        if (reply.hasVectors()) {
            vectors.complete(reply.getVectors());
        } else if (reply.getFailure().getRefused()) {
            vectors.completeExceptionally(new Refused(
                    Refused.Kind.INVALID,
                    "The query is refused: " + reply.getFailure().getReason()));
        } else {
            ask(worker.name() + ": " + reply.getFailure().getReason());
        }
    }
}
