package org.simreg.coordinator.search;

import com.google.protobuf.ByteString;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.simreg.proto.Refused;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardQuery;
import org.simreg.worker.search.TopK;
import org.simreg.worker.serve.Floats;

/**
 * Some queries asked of all shards at once. A shard whose worker is lost, fails or is late is asked
 * of another worker, until all shards have answered or the time is over: the answer is whole, or it
 * fails. Belongs to the search thread.
 */
final class Fanout {
    /** How long a worker may take before another one is asked too. */
    private static final long LATE_MS = 3000;

    /**
     * The same where the other one would have to open the shard for it: that costs memory, and a
     * worker that is merely busy is often faster.
     */
    private static final long VERY_LATE_MS = 20_000;

    /** How long it is waited for a worker if none attends. */
    private static final long ALONE_MS = 3000;

    private static final long AGAIN_MS = 200;

    private final Vertx vertx;
    private final Crew crew;
    private final Serving serving;
    private final Batch batch;
    private final Promise<List<TopK>> whole = Promise.promise();
    private final List<Leg> legs = new ArrayList<>();
    private final long begun = System.nanoTime();
    private long timer = -1;
    private int missing;

    /**
     * Queries for one bank.
     *
     * @param bank its name
     * @param vectors (Q, D) float32, little-endian
     * @param queries Q
     * @param k neighbours a query
     * @param patienceMs after which nobody waits any more
     */
    record Batch(String bank, ByteString vectors, int queries, int k, long patienceMs) {}

    Fanout(Vertx vertx, Crew crew, Serving serving, Batch batch) {
        this.vertx = vertx;
        this.crew = crew;
        this.serving = serving;
        this.batch = batch;
        missing = serving.shards().size();
    }

    /**
     * Asks.
     *
     * @return answers of all shards, in their order; fails with {@link Refused} if one of them
     *     can't be answered for
     */
    Future<List<TopK>> start() {
        for (int shard = 0; shard < serving.shards().size(); shard++) {
            legs.add(new Leg(shard));
        }
        timer = vertx.setTimer(Math.max(1, batch.patienceMs()), ignored -> late());
        legs.forEach(Leg::next);
        return whole.future();
    }

    /** Workers have come or gone. */
    void workersChanged() {
        if (!whole.future().isComplete()) {
            legs.forEach(Leg::workersChanged);
        }
    }

    private void late() {
        legs.stream()
                .filter(leg -> leg.answer == null)
                .findFirst()
                .ifPresent(leg -> fail(leg, "it took more than " + batch.patienceMs() + " ms"));
    }

    private void fail(Leg leg, String why) {
        end();
        whole.tryFail(
                new Refused(
                        Refused.Kind.UNAVAILABLE,
                        "Shard %d of the bank %s can't be answered for: %s%s; ask again, or look at 'simreg index describe %s'"
                                .formatted(
                                        leg.shard, batch.bank(), why, leg.said(), batch.bank())));
    }

    private void answered() {
        missing--;
        if (missing == 0) {
            end();
            whole.tryComplete(legs.stream().map(leg -> leg.answer).toList());
        }
    }

    private void end() {
        vertx.cancelTimer(timer);
        legs.forEach(leg -> vertx.cancelTimer(leg.watch));
    }

    private long waitedMs() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    }

    private long leftMs() {
        return batch.patienceMs() - waitedMs();
    }

    /** One shard. */
    private final class Leg {
        private final int shard;
        private final Set<Worker> asked = new HashSet<>();
        private final Set<Worker> waiting = new HashSet<>();
        private long watch = -1;
        private String trouble = "";
        private TopK answer;

        Leg(int shard) {
            this.shard = shard;
        }

        String said() {
            return trouble.isEmpty() ? "" : " (" + trouble + ")";
        }

        /** Asks the next worker that could know. */
        void next() {
            vertx.cancelTimer(watch);
            Optional<Worker> worker = other();
            if (worker.isPresent()) {
                ask(worker.get());
                watch = vertx.setTimer(LATE_MS, ignored -> onward());
            } else if (waiting.isEmpty()) {
                giveUpOrWait();
            }
        }

        private Optional<Worker> other() {
            return serving.candidates(shard).stream()
                    .filter(one -> !asked.contains(one))
                    .findFirst();
        }

        /** Nobody has answered for a while. */
        private void onward() {
            if (over()) {
                return;
            }
            boolean atOnce =
                    waiting.isEmpty()
                            || other().map(one -> serving.isOpen(one, shard)).orElse(true);
            if (atOnce || waitedMs() > VERY_LATE_MS) {
                next();
            } else {
                watch = vertx.setTimer(AGAIN_MS, ignored -> onward());
            }
        }

        /** Everyone has failed, or nobody is there. */
        private void giveUpOrWait() {
            boolean alone = serving.candidates(shard).isEmpty();
            if (!alone && asked.size() > 0 && waitedMs() > LATE_MS) {
                fail(this, "all workers that attend have failed");
            } else if (alone && waitedMs() > ALONE_MS) {
                fail(this, "no worker attends");
            } else {
                asked.clear();
                watch = vertx.setTimer(AGAIN_MS, ignored -> onward());
            }
        }

        private void ask(Worker worker) {
            asked.add(worker);
            waiting.add(worker);
            ShardFile file = serving.shards().get(shard);
            long left = Math.max(1, leftMs());
            ShardQuery query =
                    ShardQuery.newBuilder()
                            .setShard(file)
                            .setK(batch.k())
                            .setVectors(batch.vectors())
                            .setPatienceMs((int) Math.min(Integer.MAX_VALUE, left))
                            .build();
            crew.ask(worker, SearchOrder.newBuilder().setQuery(query).build(), left)
                    .onSuccess(reply -> take(worker, reply))
                    .onFailure(e -> failed(worker, String.valueOf(e.getMessage())));
        }

        private void take(Worker worker, SearchReply reply) {
            if (over()) {
                return;
            }
            if (!reply.hasAnswer()) {
                failed(worker, reply.getFailure().getReason());
                return;
            }
            ShardFile file = serving.shards().get(shard);
            boolean ours =
                    reply.getAnswer().getVersion().equals(file.getVersion())
                            && reply.getAnswer().getShard() == shard;
            TopK found = ours ? Floats.found(reply.getAnswer()) : null;
            if (found == null
                    || found.queries() != batch.queries()
                    || found.k() != Math.min(batch.k(), file.getRows())) {
                failed(worker, "it answered for another shard or version");
                return;
            }
            serving.opened(worker, shard);
            answer = found;
            vertx.cancelTimer(watch);
            answered();
        }

        private void failed(Worker worker, String why) {
            if (waiting.remove(worker) && !over()) {
                trouble = worker.name() + ": " + why;
                next();
            }
        }

        void workersChanged() {
            if (over()) {
                return;
            }
            for (Worker worker : List.copyOf(waiting)) {
                if (!serving.attends(worker)) {
                    failed(worker, "it was lost");
                }
            }
        }

        private boolean over() {
            return answer != null || whole.future().isComplete();
        }
    }
}
