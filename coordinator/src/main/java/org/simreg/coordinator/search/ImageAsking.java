package org.simreg.coordinator.search;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.simreg.coordinator.api.Refused;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.Vectors;

/** Images of a query, embedded by one worker, or another if that one can't. */
final class ImageAsking {
    private static final long LATE_MS = 30_000;

    private final Crew crew;
    private final SearchOrder order;
    private final long until;
    private final Deque<Worker> next;
    private final Promise<Vectors> vectors = Promise.promise();

    /**
     * @param workers in the order in which they are asked
     * @param until in nanoseconds, after which nobody waits
     */
    ImageAsking(Crew crew, Collection<Worker> workers, ImageQuery query, long until) {
        this.crew = crew;
        this.until = until;
        next = new ArrayDeque<>(workers);
        order = SearchOrder.newBuilder().setImages(query).build();
    }

    /**
     * @return fails with {@link Refused} if no worker can, or an image can't be read
     */
    Future<Vectors> start() {
        ask("no worker attends");
        return vectors.future();
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
