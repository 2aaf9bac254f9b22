package org.simreg.coordinator.search.query;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.simreg.proto.Refused;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.SearchReply;
import org.simreg.proto.ShardFile;
import org.simreg.proto.ShardQuery;
import org.simreg.worker.features.search.SearchMessages;
import org.simreg.worker.features.search.TopK;

/**
 * The fan-out of one batch of queries to all shards of a bank at once. Where a worker is lost,
 * fails or is late, another is asked for its shard, until all shards are answered for or the time
 * is over: the answer is whole, or it fails. Belongs to the banks' thread.
 */
public final class ShardQueryFanout {
    /** How long a worker may take before another one is asked too. */
    private static final long LATE_MS = 3000;

    /**
     * The same where the other one would have to open the shard for it: that costs memory, and a
     * worker that is merely busy is often faster.
     */
    private static final long VERY_LATE_MS = 20_000;

    /** How long a shard waits for a worker if none attends. */
    private static final long NO_WORKER_MS = 3000;

    private static final long RETRY_MS = 200;

    private final Timers timers;
    private final SearchWorkers searchWorkers;
    private final ShardHolders holders;
    private final QueryBatch batch;
    private final CompletableFuture<List<TopK>> whole = new CompletableFuture<>();
    private final List<ShardCall> calls = new ArrayList<>();
    private final long begun;
    private Runnable cancelDeadline = () -> {};
    private int missing;

    /**
     * A batch of queries for one bank.
     *
     * @param bank its name
     * @param vectors (Q, D) float32, little-endian
     * @param queries Q
     * @param k neighbours a query
     * @param timeoutMs after which the batch fails
     */
    public record QueryBatch(String bank, ByteString vectors, int queries, int k, long timeoutMs) {}

    public ShardQueryFanout(Timers timers, SearchWorkers searchWorkers, ShardHolders holders, QueryBatch batch) {
        this.timers = timers;
        this.searchWorkers = searchWorkers;
        this.holders = holders;
        this.batch = batch;
        begun = timers.now();
        missing = holders.shards().size();
    }

    /**
     * Asks for all shards.
     *
     * @return answers of all shards, in their order; fails with {@link Refused} if one of them
     *     can't be answered for
     */
    public CompletionStage<List<TopK>> start() {
        for (int shard = 0; shard < holders.shards().size(); shard++) {
            calls.add(new ShardCall(shard));
        }
        cancelDeadline = timers.after(batch.timeoutMs(), this::timedOut);
        calls.forEach(ShardCall::next);
        return whole;
    }

    /** Looks at the workers again, after some have come or gone. */
    public void workersChanged() {
        if (!whole.isDone()) {
            calls.forEach(ShardCall::workersChanged);
        }
    }

    private void timedOut() {
        calls.stream()
                .filter(call -> call.answer == null)
                .findFirst()
                .ifPresent(call -> fail(call, "it took more than " + batch.timeoutMs() + " ms"));
    }

    private void fail(ShardCall call, String why) {
        end();
        whole.completeExceptionally(new Refused(
                Refused.Kind.UNAVAILABLE,
                "Shard %d of the bank %s can't be answered for: %s%s; ask again, or look at 'simreg index describe %s'"
                        .formatted(call.shard, batch.bank(), why, call.failureText(), batch.bank())));
    }

    private void answered() {
        missing--;
        if (missing == 0) {
            end();
            whole.complete(calls.stream().map(call -> call.answer).toList());
        }
    }

    private void end() {
        cancelDeadline.run();
        calls.forEach(call -> call.cancelWatch.run());
    }

    private long waitedMs() {
        return timers.now() - begun;
    }

    private long leftMs() {
        return batch.timeoutMs() - waitedMs();
    }

    /** The calls for one shard: the workers that were asked, and the answer. */
    private final class ShardCall {
        private final int shard;
        private final Set<SearchWorkers.Worker> asked = new HashSet<>();
        private final Set<SearchWorkers.Worker> waiting = new HashSet<>();
        private Runnable cancelWatch = () -> {};
        private String lastFailure = "";
        private TopK answer;

        ShardCall(int shard) {
            this.shard = shard;
        }

        String failureText() {
            return lastFailure.isEmpty() ? "" : " (" + lastFailure + ")";
        }

        /** Asks the next worker that can answer. */
        void next() {
            cancelWatch.run();
            Optional<SearchWorkers.Worker> worker = other();
            if (worker.isPresent()) {
                ask(worker.get());
                cancelWatch = timers.after(LATE_MS, this::tryAnother);
            } else if (waiting.isEmpty()) {
                giveUpOrWait();
            }
        }

        private Optional<SearchWorkers.Worker> other() {
            return holders.candidates(shard).stream()
                    .filter(one -> !asked.contains(one))
                    .findFirst();
        }

        /**
         * Asks another worker too, once it is worth its cost; called after a while without an
         * answer.
         */
        private void tryAnother() {
            if (over()) {
                return;
            }
            boolean atOnce = waiting.isEmpty()
                    || other().map(one -> holders.isOpen(one, shard)).orElse(true);
            if (atOnce || waitedMs() > VERY_LATE_MS) {
                next();
            } else {
                cancelWatch = timers.after(RETRY_MS, this::tryAnother);
            }
        }

        /** Fails or tries again later, where all workers have failed or none attends. */
        private void giveUpOrWait() {
            boolean alone = holders.candidates(shard).isEmpty();
            if (!alone && asked.size() > 0 && waitedMs() > LATE_MS) {
                fail(this, "all workers that attend have failed");
            } else if (alone && waitedMs() > NO_WORKER_MS) {
                fail(this, "no worker attends");
            } else {
                asked.clear();
                cancelWatch = timers.after(RETRY_MS, this::tryAnother);
            }
        }

        private void ask(SearchWorkers.Worker worker) {
            asked.add(worker);
            waiting.add(worker);
            ShardFile file = holders.shards().get(shard);
            long left = Math.max(1, leftMs());
            ShardQuery query = ShardQuery.newBuilder()
                    .setShard(file)
                    .setK(batch.k())
                    .setVectors(batch.vectors())
                    .setPatienceMs((int) Math.min(Integer.MAX_VALUE, left))
                    .build();
            searchWorkers.send(
                    worker,
                    SearchOrder.newBuilder().setQuery(query).build(),
                    left,
                    reply -> take(worker, reply),
                    e -> failed(worker, String.valueOf(e.getMessage())));
        }

        private void take(SearchWorkers.Worker worker, SearchReply reply) {
            if (over()) {
                return;
            }
            if (!reply.hasAnswer()) {
                failed(worker, reply.getFailure().getReason());
                return;
            }
            ShardFile file = holders.shards().get(shard);
            boolean ours = reply.getAnswer().getVersion().equals(file.getVersion())
                    && reply.getAnswer().getShard() == shard;
            TopK found = ours ? SearchMessages.found(reply.getAnswer()) : null;
            if (found == null
                    || found.queries() != batch.queries()
                    || found.k() != Math.min(batch.k(), file.getRows())) {
                failed(worker, "it answered for another shard or version");
                return;
            }
            holders.opened(worker, shard);
            answer = found;
            cancelWatch.run();
            answered();
        }

        private void failed(SearchWorkers.Worker worker, String why) {
            if (waiting.remove(worker) && !over()) {
                lastFailure = worker.name() + ": " + why;
                next();
            }
        }

        void workersChanged() {
            if (over()) {
                return;
            }
            for (SearchWorkers.Worker worker : List.copyOf(waiting)) {
                if (!holders.attends(worker)) {
                    failed(worker, "it was lost");
                }
            }
        }

        private boolean over() {
            return answer != null || whole.isDone();
        }
    }
}
