package org.simreg.coordinator.search.query;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.simreg.coordinator.search.query.ShardPlacement.Holders;
import org.simreg.proto.BankStatus;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.ShardFile;

/**
 * The holders of one bank's shards: the workers that have each open, and those that are to open it.
 * Belongs to the banks' thread.
 */
public final class ShardHolders {
    private static final long OPENING_MS = 600_000;

    /** How long after a failure a worker is asked again to open a shard. */
    private static final long PAUSE_MS = 5000;

    private final SearchWorkers searchWorkers;
    private final List<ShardFile> shards;
    private final long[] rows;
    private final int replicas;
    private final SortedSet<SearchWorkers.Worker> workers = new TreeSet<>();
    private final List<Set<SearchWorkers.Worker>> open = new ArrayList<>();

    /** Time in milliseconds until which an order stands; then it is given again. */
    private final Map<HoldOrder, Long> asked = new HashMap<>();

    private List<Holders> placed = List.of();
    private String trouble = "";
    private boolean closed;

    /** An order to a worker to open a shard. */
    private record HoldOrder(SearchWorkers.Worker worker, int shard) {}

    public ShardHolders(SearchWorkers searchWorkers, List<ShardFile> shards, int replicas) {
        this.searchWorkers = searchWorkers;
        this.shards = shards;
        this.replicas = replicas;
        rows = shards.stream().mapToLong(ShardFile::getRows).toArray();
        shards.forEach(shard -> open.add(new HashSet<>()));
    }

    List<ShardFile> shards() {
        return shards;
    }

    /**
     * Decides anew who holds what, and asks those who don't have it open yet.
     *
     * @param attending all workers that attend
     * @param others rows that they hold of other banks
     */
    public void workersChanged(
            Collection<SearchWorkers.Worker> attending, Map<SearchWorkers.Worker, Long> others, long now) {
        workers.clear();
        workers.addAll(attending);
        open.forEach(holders -> holders.retainAll(workers));
        asked.keySet().removeIf(order -> !workers.contains(order.worker()));
        placed = ShardPlacement.of(workers, others, rows, replicas, placed);
        for (int shard = 0; shard < rows.length; shard++) {
            for (SearchWorkers.Worker worker : placed.get(shard).workers()) {
                hold(worker, shard, now);
            }
        }
    }

    private void hold(SearchWorkers.Worker worker, int shard, long now) {
        HoldOrder order = new HoldOrder(worker, shard);
        if (open.get(shard).contains(worker) || asked.getOrDefault(order, Long.MIN_VALUE) > now) {
            return;
        }
        asked.put(order, now + OPENING_MS);
        searchWorkers.send(
                worker,
                SearchOrder.newBuilder().setHold(shards.get(shard)).build(),
                OPENING_MS,
                reply -> {
                    if (reply.hasHeld()) {
                        opened(worker, shard);
                    } else {
                        failed(order, reply.getFailure().getReason(), now);
                    }
                },
                e -> failed(order, e.getMessage(), now));
    }

    private void failed(HoldOrder order, String why, long now) {
        trouble = order.worker().name() + ": " + why;
        asked.replace(order, now + PAUSE_MS);
    }

    /** A worker has answered for a shard, so it has it open. */
    void opened(SearchWorkers.Worker worker, int shard) {
        if (!closed && workers.contains(worker)) {
            open.get(shard).add(worker);
        }
    }

    /**
     * The workers that can answer for a shard: first those that have it open, then those that are
     * opening it, then all others, which would open it for the query.
     */
    Collection<SearchWorkers.Worker> candidates(int shard) {
        Set<SearchWorkers.Worker> order = new LinkedHashSet<>();
        if (!placed.isEmpty()) {
            placed.get(shard).workers().stream()
                    .filter(open.get(shard)::contains)
                    .forEach(order::add);
        }
        workers.stream().filter(open.get(shard)::contains).forEach(order::add);
        if (!placed.isEmpty()) {
            order.addAll(placed.get(shard).workers());
        }
        order.addAll(workers);
        return order;
    }

    boolean isOpen(SearchWorkers.Worker worker, int shard) {
        return open.get(shard).contains(worker);
    }

    boolean attends(SearchWorkers.Worker worker) {
        return workers.contains(worker);
    }

    /** Shards that a worker is to keep: its own, and those that nobody else has open yet. */
    public List<ShardFile> wanted(SearchWorkers.Worker worker) {
        List<ShardFile> wanted = new ArrayList<>();
        for (int shard = 0; shard < rows.length && !placed.isEmpty(); shard++) {
            List<SearchWorkers.Worker> holders = placed.get(shard).workers();
            if (holders.contains(worker) || !open.get(shard).containsAll(holders)) {
                wanted.add(shards.get(shard));
            }
        }
        return wanted;
    }

    /** Takes note that a worker was told to close the shards that it is not to keep. */
    public void closed(SearchWorkers.Worker worker) {
        for (int shard = 0; shard < rows.length; shard++) {
            if (!wanted(worker).contains(shards.get(shard))) {
                open.get(shard).remove(worker);
            }
        }
    }

    /** Adds the rows that each worker is to hold. */
    public void addLoads(Map<SearchWorkers.Worker, Long> loads) {
        for (int shard = 0; shard < placed.size(); shard++) {
            for (SearchWorkers.Worker worker : placed.get(shard).workers()) {
                loads.merge(worker, rows[shard], Long::sum);
            }
        }
    }

    /** The last failure to open a shard, as one sentence; empty if there was none. */
    public String trouble() {
        return trouble;
    }

    /** Number of shards that no worker has open. */
    public long missing() {
        return open.stream().filter(Set::isEmpty).count();
    }

    public void describe(BankStatus.Builder status) {
        for (int shard = 0; shard < rows.length; shard++) {
            BankStatus.ShardStatus.Builder one = status.getShardsBuilder(shard);
            if (!placed.isEmpty()) {
                one.setReason(placed.get(shard).reason());
            }
            Set<SearchWorkers.Worker> holders = new TreeSet<>(open.get(shard));
            if (!placed.isEmpty()) {
                holders.addAll(placed.get(shard).workers());
            }
            for (SearchWorkers.Worker worker : holders) {
                one.addHolders(BankStatus.Holder.newBuilder()
                        .setWorker(worker.name())
                        .setReady(open.get(shard).contains(worker)));
            }
        }
    }

    public void close() {
        closed = true;
    }
}
