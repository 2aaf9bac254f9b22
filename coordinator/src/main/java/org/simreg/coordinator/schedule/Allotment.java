package org.simreg.coordinator.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.simreg.coordinator.schedule.Demand.Server;

/**
 * Which workers serve which jobs. In order of effective priority each job gets the workers it can't
 * do without, if so many are left; one that can't have them waits, and later ones may go first.
 * What remains goes round, one worker a job, up to what each can use. Workers stay where they are
 * if they can: a job takes its own first, then idle ones, then those of the last in the queue.
 */
public final class Allotment {
    private final List<Place> places = new ArrayList<>();
    private final Map<String, Integer> order = new TreeMap<>();
    private final List<Server> free;

    /**
     * What a job gets.
     *
     * @param workers names; of a job that waits those that nobody else wants and that it may keep
     *     prepared
     * @param served whether it may train
     * @param reason one sentence
     */
    public record Grant(Set<String> workers, boolean served, String reason) {}

    /** A job while the workers are handed out. */
    private static final class Place {
        private final Demand demand;
        private final Set<String> workers = new TreeSet<>();
        private Demand.Taste taste;
        private boolean served;
        private String reason = "";

        Place(Demand demand) {
            this.demand = demand;
            this.taste = demand.taste();
        }
    }

    private Allotment(List<Server> servers, List<Demand> demands) {
        free = new ArrayList<>(servers);
        demands.stream().sorted(Demand.ORDER).forEach(demand -> places.add(new Place(demand)));
        for (int i = 0; i < places.size(); i++) {
            order.put(places.get(i).demand.job(), i);
        }
    }

    /**
     * Hands out the workers; the same arguments in any order give the same answer.
     *
     * @param servers who can be had
     * @param demands jobs that train or want to
     * @return by job, in the order of the queue
     */
    public static Map<String, Grant> of(List<Server> servers, List<Demand> demands) {
        Allotment allotment = new Allotment(servers, demands);
        allotment.places.forEach(allotment::least);
        allotment.rest();
        allotment.places.forEach(allotment::keep);
        Map<String, Grant> grants = new LinkedHashMap<>();
        for (Place place : allotment.places) {
            Set<String> workers = Set.copyOf(place.workers);
            grants.put(place.demand.job(), new Grant(workers, place.served, place.reason));
        }
        return grants;
    }

    private void least(Place place) {
        int least = place.demand.least();
        if (place.taste.uniform()) {
            place.taste = place.taste.of(largest(place));
        }
        long found = free.stream().filter(place.taste::takes).count();
        if (found < least) {
            place.reason = lack(place, found);
            return;
        }
        for (int i = 0; i < least; i++) {
            take(place);
        }
        place.served = true;
    }

    /** The profile that most workers have; among equals the one that the job's own have. */
    private String largest(Place place) {
        Map<String, Integer> sizes = new TreeMap<>();
        for (Server server : free) {
            if (place.taste.takes(server)) {
                int own = server.job().equals(place.demand.job()) ? 1 : 0;
                sizes.merge(server.profile(), 4096 + own, Integer::sum);
            }
        }
        return sizes.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse("");
    }

    private void rest() {
        boolean taken = true;
        while (taken) {
            taken = false;
            for (Place place : places) {
                if (place.served && place.workers.size() < place.demand.most()) {
                    taken |= take(place);
                }
            }
        }
        for (Place place : places) {
            if (place.served) {
                place.reason = "has " + counted(place.workers.size());
            }
        }
    }

    /** Waits with its prepared workers, so that it need not load again. */
    private void keep(Place place) {
        if (!place.served) {
            free.removeIf(
                    server -> {
                        boolean own = server.job().equals(place.demand.job());
                        return own && place.taste.takes(server) && place.workers.add(server.name());
                    });
        }
    }

    private boolean take(Place place) {
        return free.stream()
                .filter(place.taste::takes)
                .min(
                        Comparator.comparing((Server server) -> distance(place, server))
                                .thenComparing(Server::name))
                .map(
                        server -> {
                            free.remove(server);
                            return place.workers.add(server.name());
                        })
                .orElse(false);
    }

    private int distance(Place place, Server server) {
        if (server.job().equals(place.demand.job())) {
            return 0;
        }
        Integer other = order.get(server.job());
        return other == null ? 1 : 2 + places.size() - other;
    }

    private String lack(Place place, long found) {
        long others = free.size() - found;
        return "needs "
                + counted(place.demand.least())
                + ", "
                + (found == 0 ? "none is" : found == 1 ? "1 is" : found + " are")
                + " free"
                + (others == 0 || place.taste.profile().isEmpty()
                        ? ""
                        : " of profile "
                                + place.taste.profile()
                                + ", which the job has to keep ("
                                + others
                                + " of others or excluded)");
    }

    private static String counted(int workers) {
        return workers == 1 ? "1 worker" : workers + " workers";
    }
}
