package org.simreg.coordinator.search;

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
import org.simreg.coordinator.search.Placement.Seats;
import org.simreg.proto.BankStatus;
import org.simreg.proto.SearchOrder;
import org.simreg.proto.ShardFile;

/**
 * Which workers have the shards of one bank open, and which are to. Belongs to the search thread.
 */
final class Serving {
    private static final long OPENING_MS = 600_000;

    /** Before a worker that could not open a shard is asked again. */
    private static final long PAUSE_MS = 5000;

    private final Crew crew;
    private final List<ShardFile> shards;
    private final long[] rows;
    private final int replicas;
    private final SortedSet<Worker> workers = new TreeSet<>();
    private final List<Set<Worker>> open = new ArrayList<>();
    private final Map<Ask, Long> asked = new HashMap<>();
    private List<Seats> seats = List.of();
    private String trouble = "";
    private boolean closed;

    private record Ask(Worker worker, int shard) {}

    Serving(Crew crew, List<ShardFile> shards, int replicas) {
        this.crew = crew;
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
    void attend(Collection<Worker> attending, Map<Worker, Long> others, long now) {
        workers.clear();
        workers.addAll(attending);
        open.forEach(holders -> holders.retainAll(workers));
        asked.keySet().removeIf(ask -> !workers.contains(ask.worker()));
        seats = Placement.of(workers, others, rows, replicas, seats);
        for (int shard = 0; shard < rows.length; shard++) {
            for (Worker worker : seats.get(shard).workers()) {
                hold(worker, shard, now);
            }
        }
    }

    private void hold(Worker worker, int shard, long now) {
        Ask ask = new Ask(worker, shard);
        if (open.get(shard).contains(worker) || asked.getOrDefault(ask, 0L) > now) {
            return;
        }
        asked.put(ask, now + OPENING_MS);
        SearchOrder order = SearchOrder.newBuilder().setHold(shards.get(shard)).build();
        crew.ask(worker, order, OPENING_MS)
                .onComplete(
                        done -> {
                            if (done.succeeded() && done.result().hasHeld()) {
                                opened(worker, shard);
                            } else {
                                String why =
                                        done.failed()
                                                ? done.cause().getMessage()
                                                : done.result().getFailure().getReason();
                                trouble = worker.name() + ": " + why;
                                asked.replace(ask, now + PAUSE_MS);
                            }
                        });
    }

    /** A worker has answered for a shard, so it has it open. */
    void opened(Worker worker, int shard) {
        if (!closed && workers.contains(worker)) {
            open.get(shard).add(worker);
        }
    }

    /**
     * Who can be asked about a shard: first those who have it open, then those who are opening it,
     * then everyone else, who would open it for that.
     */
    Collection<Worker> candidates(int shard) {
        Set<Worker> order = new LinkedHashSet<>();
        if (!seats.isEmpty()) {
            seats.get(shard).workers().stream()
                    .filter(open.get(shard)::contains)
                    .forEach(order::add);
        }
        workers.stream().filter(open.get(shard)::contains).forEach(order::add);
        if (!seats.isEmpty()) {
            order.addAll(seats.get(shard).workers());
        }
        order.addAll(workers);
        return order;
    }

    boolean isOpen(Worker worker, int shard) {
        return open.get(shard).contains(worker);
    }

    boolean attends(Worker worker) {
        return workers.contains(worker);
    }

    /** Shards that a worker is to keep: its own, and those that nobody else has open yet. */
    List<ShardFile> wanted(Worker worker) {
        List<ShardFile> wanted = new ArrayList<>();
        for (int shard = 0; shard < rows.length && !seats.isEmpty(); shard++) {
            List<Worker> placed = seats.get(shard).workers();
            if (placed.contains(worker) || !open.get(shard).containsAll(placed)) {
                wanted.add(shards.get(shard));
            }
        }
        return wanted;
    }

    /** The worker was told to close what is not wanted. */
    void closed(Worker worker) {
        for (int shard = 0; shard < rows.length; shard++) {
            if (!wanted(worker).contains(shards.get(shard))) {
                open.get(shard).remove(worker);
            }
        }
    }

    /** Rows that workers are to hold. */
    void addLoads(Map<Worker, Long> loads) {
        for (int shard = 0; shard < seats.size(); shard++) {
            for (Worker worker : seats.get(shard).workers()) {
                loads.merge(worker, rows[shard], Long::sum);
            }
        }
    }

    /** The last thing that went wrong, or empty. */
    String trouble() {
        return trouble;
    }

    /** Shards that nobody has open. */
    long missing() {
        return open.stream().filter(Set::isEmpty).count();
    }

    void describe(BankStatus.Builder status) {
        for (int shard = 0; shard < rows.length; shard++) {
            BankStatus.ShardStatus.Builder one = status.getShardsBuilder(shard);
            if (!seats.isEmpty()) {
                one.setReason(seats.get(shard).reason());
            }
            Set<Worker> holders = new TreeSet<>(open.get(shard));
            if (!seats.isEmpty()) {
                holders.addAll(seats.get(shard).workers());
            }
            for (Worker worker : holders) {
                one.addHolders(
                        BankStatus.Holder.newBuilder()
                                .setWorker(worker.name())
                                .setReady(open.get(shard).contains(worker)));
            }
        }
    }

    void close() {
        closed = true;
    }
}
