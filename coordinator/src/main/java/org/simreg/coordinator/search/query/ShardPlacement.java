package org.simreg.coordinator.search.query;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The placement of a bank's shards on workers: a pure decision. Shards stay where they are as long
 * as that worker attends; a shard that lacks holders goes to those with the fewest rows; a shard
 * moves only if that makes the most and the least loaded worker more alike.
 */
final class ShardPlacement {
    private final Map<SearchWorkers.Worker, Long> loads = new TreeMap<>();
    private final long[] rows;
    private final int replicas;
    private final List<List<SearchWorkers.Worker>> holders = new ArrayList<>();
    private final List<List<String>> reasons = new ArrayList<>();

    /**
     * The holders of one shard.
     *
     * @param workers in the order in which they were chosen; fewer than replicas if there are no
     *     more, none if nobody attends
     * @param reason one sentence
     */
    record Holders(List<SearchWorkers.Worker> workers, String reason) {
        Holders {
            workers = List.copyOf(workers);
        }
    }

    private ShardPlacement(
            Collection<SearchWorkers.Worker> workers,
            Map<SearchWorkers.Worker, Long> others,
            long[] rows,
            int replicas) {
        workers.forEach(worker -> loads.put(worker, others.getOrDefault(worker, 0L)));
        this.rows = rows;
        this.replicas = replicas;
    }

    /**
     * Decides which workers hold each shard.
     *
     * @param workers that attend
     * @param others rows that they hold of other banks
     * @param rows of each shard
     * @param replicas holders wanted of each shard
     * @param before the last decision; empty at first
     * @return for each shard
     */
    static List<Holders> of(
            Collection<SearchWorkers.Worker> workers,
            Map<SearchWorkers.Worker, Long> others,
            long[] rows,
            int replicas,
            List<Holders> before) {
        ShardPlacement placement = new ShardPlacement(workers, others, rows, replicas);
        placement.keep(before);
        placement.fill();
        placement.level();
        return placement.decided();
    }

    private void keep(List<Holders> before) {
        for (int shard = 0; shard < rows.length; shard++) {
            List<SearchWorkers.Worker> old =
                    before.isEmpty() ? List.of() : before.get(shard).workers();
            List<SearchWorkers.Worker> here = new ArrayList<>();
            List<String> why = new ArrayList<>();
            for (SearchWorkers.Worker worker : old) {
                if (!loads.containsKey(worker)) {
                    why.add(worker.name() + " is gone");
                } else if (here.size() < replicas) {
                    here.add(worker);
                    loads.merge(worker, rows[shard], Long::sum);
                }
            }
            holders.add(here);
            reasons.add(why);
        }
    }

    private void fill() {
        for (int shard = 0; shard < rows.length; shard++) {
            Optional<SearchWorkers.Worker> next = least(shard);
            while (holders.get(shard).size() < replicas && next.isPresent()) {
                SearchWorkers.Worker worker = next.get();
                reasons.get(shard).add("%s had the fewest rows, %d".formatted(worker.name(), loads.get(worker)));
                holders.get(shard).add(worker);
                loads.merge(worker, rows[shard], Long::sum);
                next = least(shard);
            }
        }
    }

    /** The least loaded worker that doesn't hold the shard, the first by name. */
    private Optional<SearchWorkers.Worker> least(int shard) {
        return loads.keySet().stream()
                .filter(worker -> !holders.get(shard).contains(worker))
                .min(Comparator.comparing(loads::get));
    }

    /** Every move makes the sum of the squares of the loads smaller, so this ends. */
    private void level() {
        boolean moved = true;
        while (moved) {
            moved = false;
            for (int shard = 0; shard < rows.length && !moved; shard++) {
                moved = move(shard);
            }
        }
    }

    private boolean move(int shard) {
        Optional<SearchWorkers.Worker> to = least(shard);
        Optional<SearchWorkers.Worker> from = holders.get(shard).stream().max(Comparator.comparing(loads::get));
        if (to.isEmpty() || from.isEmpty() || loads.get(from.get()) - loads.get(to.get()) <= rows[shard]) {
            return false;
        }
        holders.get(shard).replaceAll(one -> one.equals(from.get()) ? to.get() : one);
        reasons.get(shard)
                .add("%s takes it from %s, which had %d rows more"
                        .formatted(to.get().name(), from.get().name(), loads.get(from.get()) - loads.get(to.get())));
        loads.merge(from.get(), -rows[shard], Long::sum);
        loads.merge(to.get(), rows[shard], Long::sum);
        return true;
    }

    private List<Holders> decided() {
        List<Holders> decided = new ArrayList<>();
        for (int shard = 0; shard < rows.length; shard++) {
            List<SearchWorkers.Worker> here = holders.get(shard);
            String why = here.isEmpty()
                    ? "no worker attends"
                    : reasons.get(shard).isEmpty()
                            ? "stays with "
                                    + here.stream()
                                            .map(SearchWorkers.Worker::name)
                                            .collect(Collectors.joining(" and "))
                            : String.join("; ", reasons.get(shard));
            decided.add(new Holders(here, why));
        }
        return decided;
    }
}
