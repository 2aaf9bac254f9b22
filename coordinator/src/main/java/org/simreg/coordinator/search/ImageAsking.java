package org.simreg.coordinator.search;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.Refused;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.Vectors;

/** Images of a query, embedded by one worker, or another if that one can't. */
final class ImageAsking {
    private static final long LATE_MS = 30_000;

    /** How long it is waited for a worker if none attends. */
    private static final long ALONE_MS = 3000;

    private static final long AGAIN_MS = 100;

    private final Vertx vertx;
    private final Crew crew;
    private final SearchOrder order;
    private final long until;
    private final Supplier<Collection<Worker>> workers;
    private final long begun = System.nanoTime();
    private Deque<Worker> next = new ArrayDeque<>();
    private final Promise<Vectors> vectors = Promise.promise();

    /**
     * @param workers that attend now, in the order in which they are asked
     * @param until in nanoseconds, after which nobody waits
     */
    ImageAsking(
            Vertx vertx,
            Crew crew,
            Supplier<Collection<Worker>> workers,
            ImageQuery query,
            long until) {
        this.vertx = vertx;
        this.crew = crew;
        this.workers = workers;
        this.until = until;
        order = SearchOrder.newBuilder().setImages(query).build();
    }

    /**
     * @return fails with {@link Refused} if no worker can, or an image can't be read
     */
    Future<Vectors> start() {
        await();
        return vectors.future();
    }

    private void await() {
        next = new ArrayDeque<>(workers.get());
        long waitedMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
        if (next.isEmpty() && waitedMs < ALONE_MS) {
            vertx.setTimer(AGAIN_MS, ignored -> await());
        } else {
            ask("no worker attends");
        }
    }

    private void ask(String trouble) {
        if (next.isEmpty()) {
            vectors.tryFail(
                    new Refused(
                            Refused.Kind.UNAVAILABLE,
                            "The images of the query can't be embedded: %s; ask again later"
                                    .formatted(trouble)));
            return;
        }
        Worker worker = next.remove();
        long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
        crew.ask(worker, order, Math.max(1, Math.min(LATE_MS, left)))
                .onSuccess(reply -> take(worker, reply))
                .onFailure(e -> ask(worker.name() + ": " + e.getMessage()));
    }

    private void take(Worker worker, SearchReply reply) {
        if (reply.hasVectors()) {
            vectors.tryComplete(reply.getVectors());
        } else if (reply.getFailure().getRefused()) {
            vectors.tryFail(
                    new Refused(
                            Refused.Kind.INVALID,
                            "The query is refused: " + reply.getFailure().getReason()));
        } else {
            ask(worker.name() + ": " + reply.getFailure().getReason());
        }
    }
}
