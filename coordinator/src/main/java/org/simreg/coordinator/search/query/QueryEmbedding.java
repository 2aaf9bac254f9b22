package org.simreg.coordinator.search.query;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.simreg.proto.ImageQuery;
import org.simreg.proto.Refused;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.Vectors;

/**
 * The embedding of one query's images by a worker, and by the next one where that fails. A query that two workers were
 * lost with, or gave no answer to, while they read its images is not asked of a third, unless one of them attends again:
 * that is waited for. Belongs to the banks' thread.
 */
final class QueryEmbedding {
    /** Workers that a query may end. */
    static final int MOST_ENDED = 2;

    private static final long ASK_MS = 30_000;

    /** How long the query waits for a worker if none attends. */
    private static final long NO_WORKER_MS = 3000;

    private static final long RETRY_MS = 100;

    private final Timers timers;
    private final SearchWorkers searchWorkers;
    private final ImageQuery query;
    private final long until;
    private final QueryEmbeddings all;
    private final long begun;
    private final CompletableFuture<Vectors> vectors = new CompletableFuture<>();
    private final List<SuspectedEnd> ended = new ArrayList<>();
    private Deque<SearchWorkers.Worker> next = new ArrayDeque<>();
    private Optional<SearchWorkers.Worker> asked = Optional.empty();

    /**
     * @param all know the workers, and what else they are asked
     * @param until deadline in nanoseconds of {@link System#nanoTime}
     */
    QueryEmbedding(Timers timers, SearchWorkers searchWorkers, QueryEmbeddings all, ImageQuery query, long until) {
        this.timers = timers;
        begun = timers.now();
        this.searchWorkers = searchWorkers;
        this.all = all;
        this.until = until;
        this.query = query;
    }

    /**
     * @return fails with {@link Refused} if no worker can, or an image can't be read
     */
    CompletionStage<Vectors> start() {
        awaitWorkers();
        return vectors;
    }

    private void awaitWorkers() {
        next = new ArrayDeque<>(all.rotated());
        if (next.isEmpty() && timers.now() - begun < NO_WORKER_MS) {
            timers.after(RETRY_MS, this::awaitWorkers);
        } else {
            ask("no worker attends");
        }
    }

    private void ask(String trouble) {
        if (all.certain(ended).size() >= MOST_ENDED) {
            vectors.completeExceptionally(new Refused(Refused.Kind.INVALID, deadly(ended)));
            return;
        }
        if (ended.size() >= MOST_ENDED && System.nanoTime() < until) {
            // One of them may only have been silent.
            timers.after(RETRY_MS, this::askAgain);
            return;
        }
        if (next.isEmpty() || ended.size() >= MOST_ENDED) {
            vectors.completeExceptionally(new Refused(
                    Refused.Kind.UNAVAILABLE,
                    "The images of the query can't be embedded: %s; ask again later".formatted(trouble)));
            return;
        }
        SearchWorkers.Worker worker = next.remove();
        asked = Optional.of(worker);
        all.isAsked(worker, this);
        long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
        boolean patient = left >= ASK_MS;
        int patience = (int) Math.max(1, Math.min(ASK_MS, left));
        searchWorkers.send(
                worker,
                SearchOrder.newBuilder()
                        .setImages(query.toBuilder().setPatienceMs(patience))
                        .build(),
                patience,
                reply -> take(worker, reply),
                e -> failed(worker, e, patient));
    }

    private void askAgain() {
        if (!vectors.isDone()) {
            next = new ArrayDeque<>(all.rotated());
            next.removeIf(worker -> ended.stream().anyMatch(end -> end.worker().equals(worker)));
            ask("the workers %s were lost or gave no answer".formatted(SuspectedEnd.names(ended)));
        }
    }

    /** The sentence for a query that has ended workers. */
    static String deadly(List<SuspectedEnd> ended) {
        return "The query is refused: the workers %s were lost or gave no answer while they read its images; send smaller ones"
                .formatted(SuspectedEnd.names(ended));
    }

    private void failed(SearchWorkers.Worker worker, Throwable e, boolean patient) {
        if (isAskedNow(worker)) {
            boolean reading = all.isNotAsked(worker, this);
            if (e instanceof TimeoutException && patient && reading) {
                ended.add(new SuspectedEnd(worker, timers.now(), false));
            }
            ask(worker.name() + ": " + e.getMessage());
        }
    }

    private boolean isAskedNow(SearchWorkers.Worker worker) {
        return asked.filter(worker::equals).isPresent() && !vectors.isDone();
    }

    /**
     * Looks whether the worker that is asked is there still.
     *
     * @param leaving those that may answer yet
     * @param reading whether the worker read these images, and not those of an earlier query
     */
    void workersChanged(
            Collection<SearchWorkers.Worker> attending, Collection<SearchWorkers.Worker> leaving, boolean reading) {
        ended.removeIf(one -> one.isBack(attending));
        if (!vectors.isDone() && asked.isPresent()) {
            SearchWorkers.Worker worker = asked.get();
            if (!attending.contains(worker) && !leaving.contains(worker)) {
                if (reading) {
                    ended.add(new SuspectedEnd(worker, timers.now(), true));
                }
                all.isNotAsked(worker, this);
                asked = Optional.empty();
                next.removeIf(other -> !attending.contains(other));
                ask(worker.name() + ": it was lost");
            }
        }
    }

    /** The workers that were lost with these images or gave no answer, also for earlier queries with the same. */
    List<SuspectedEnd> ended() {
        return ended;
    }

    private void take(SearchWorkers.Worker worker, SearchReply reply) {
        if (!isAskedNow(worker)) {
            return;
        }
        all.isNotAsked(worker, this);
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
