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
 * The fan-out of one batch of queries to all shards of a bank at once. A shard whose worker is
 * lost, fails or is late is asked of another worker, until all shards have answered or the time is
 * over: the answer is whole, or it fails. Belongs to the search thread.
 */
public final class ShardQueryFanout {
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

    private final Timers timers;
    private final SearchWorkers crew;
    private final ShardHolders serving;
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
     * @param patienceMs after which nobody waits any more
     */
    public record QueryBatch(
            String bank, ByteString vectors, int queries, int k, long patienceMs) {}

    public ShardQueryFanout(
            Timers timers, SearchWorkers crew, ShardHolders serving, QueryBatch batch) {
        this.timers = timers;
        this.crew = crew;
        this.serving = serving;
        this.batch = batch;
        begun = timers.now();
        missing = serving.shards().size();
    }

    /**
     * Asks.
     *
     * @return answers of all shards, in their order; fails with {@link Refused} if one of them
     *     can't be answered for
     */
    public CompletionStage<List<TopK>> start() {
        for (int shard = 0; shard < serving.shards().size(); shard++) {
            calls.add(new ShardCall(shard));
        }
        cancelDeadline = timers.after(batch.patienceMs(), this::late);
        calls.forEach(ShardCall::next);
        return whole;
    }

    /** Workers have come or gone. */
    public void workersChanged() {
        if (!whole.isDone()) {
            calls.forEach(ShardCall::workersChanged);
        }
    }

    private void late() {
        calls.stream()
                .filter(call -> call.answer == null)
                .findFirst()
                .ifPresent(call -> fail(call, "it took more than " + batch.patienceMs() + " ms"));
    }

    private void fail(ShardCall call, String why) {
        end();
        whole.completeExceptionally(
                new Refused(
                        Refused.Kind.UNAVAILABLE,
                        "Shard %d of the bank %s can't be answered for: %s%s; ask again, or look at 'simreg index describe %s'"
                                .formatted(
                                        call.shard, batch.bank(), why, call.said(), batch.bank())));
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
        return batch.patienceMs() - waitedMs();
    }

    /** One shard's part of the fan-out: the workers that are asked, and the answer. */
    private final class ShardCall {
        private final int shard;
        private final Set<SearchWorkers.Worker> asked = new HashSet<>();
        private final Set<SearchWorkers.Worker> waiting = new HashSet<>();
        private Runnable cancelWatch = () -> {};
        private String trouble = "";
        private TopK answer;

        ShardCall(int shard) {
            this.shard = shard;
        }

        String said() {
            return trouble.isEmpty() ? "" : " (" + trouble + ")";
        }

        /** Asks the next worker that could know. */
        void next() {
            cancelWatch.run();
            Optional<SearchWorkers.Worker> worker = other();
            if (worker.isPresent()) {
                ask(worker.get());
                cancelWatch = timers.after(LATE_MS, this::onward);
            } else if (waiting.isEmpty()) {
                giveUpOrWait();
            }
        }

        private Optional<SearchWorkers.Worker> other() {
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
                cancelWatch = timers.after(AGAIN_MS, this::onward);
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
                cancelWatch = timers.after(AGAIN_MS, this::onward);
            }
        }

        private void ask(SearchWorkers.Worker worker) {
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
            crew.ask(
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
            ShardFile file = serving.shards().get(shard);
            boolean ours =
                    reply.getAnswer().getVersion().equals(file.getVersion())
                            && reply.getAnswer().getShard() == shard;
            TopK found = ours ? SearchMessages.found(reply.getAnswer()) : null;
            if (found == null
                    || found.queries() != batch.queries()
                    || found.k() != Math.min(batch.k(), file.getRows())) {
                failed(worker, "it answered for another shard or version");
                return;
            }
            serving.opened(worker, shard);
            answer = found;
            cancelWatch.run();
            answered();
        }

        private void failed(SearchWorkers.Worker worker, String why) {
            if (waiting.remove(worker) && !over()) {
                trouble = worker.name() + ": " + why;
                next();
            }
        }

        void workersChanged() {
            if (over()) {
                return;
            }
            for (SearchWorkers.Worker worker : List.copyOf(waiting)) {
                if (!serving.attends(worker)) {
                    failed(worker, "it was lost");
                }
            }
        }

        private boolean over() {
            return answer != null || whole.isDone();
        }
    }
}
