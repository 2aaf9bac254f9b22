package org.simreg.coordinator.job.schedule;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.simreg.coordinator.job.schedule.Demand.AvailableWorker;

/**
 * The allotment of workers to jobs. In order of effective priority each job gets the workers it
 * can't do without, if so many are left; one that can't have them waits, and later ones may go
 * first. What remains goes round, one worker a job, up to what each can use. Workers stay where
 * they are if they can: a job takes its own first, then its helpers, idle ones, others' helpers, then those of the last
 * in the queue. Who is left then goes round once more, as a helper, as far as that pays, and with them those that only
 * help: they are never among a job's workers.
 */
public final class Allotment {
    private final List<Candidate> candidates = new ArrayList<>();
    private final Map<String, Integer> order = new TreeMap<>();
    private final List<AvailableWorker> free;
    private final List<AvailableWorker> helpersOnly;

    /** How many of the free ones meet which requirements, while they are the same: many jobs need the same. */
    private final Map<Demand.Requirements, Long> fitting = new HashMap<>();

    /** The same of the profile that most of them have, for jobs that no worker is at. */
    private final Map<Demand.Requirements, String> largest = new HashMap<>();

    private final Set<String> homes = new HashSet<>();

    /**
     * The workers that one job gets.
     *
     * @param workers names; of a job that waits those that nobody else wants and that it may keep
     *     prepared
     * @param helpers names of those that may help it
     * @param served whether it may train
     * @param reason one sentence
     */
    public record Grant(Set<String> workers, Set<String> helpers, boolean served, String reason) {
        /** Without helpers. */
        public Grant(Set<String> workers, boolean served, String reason) {
            this(workers, Set.of(), served, reason);
        }

        /** Names of workers and helpers. */
        public Set<String> all() {
            Set<String> all = new TreeSet<>(workers);
            all.addAll(helpers);
            return all;
        }
    }

    /** A job to which workers are being handed out. */
    private static final class Candidate {
        private final Demand demand;
        private final Set<String> workers = new TreeSet<>();
        private final Set<String> helpers = new TreeSet<>();
        private Demand.Requirements requirements;
        private boolean served;
        private String reason = "";

        Candidate(Demand demand) {
            this.demand = demand;
            this.requirements = demand.requirements();
        }
    }

    private Allotment(List<AvailableWorker> available, List<Demand> demands) {
        free = new ArrayList<>(
                available.stream().filter(worker -> !worker.helpsOnly()).toList());
        helpersOnly = new ArrayList<>(
                available.stream().filter(AvailableWorker::helpsOnly).toList());
        available.forEach(worker -> homes.add(worker.job()));
        demands.stream().sorted(Demand.ORDER).forEach(demand -> candidates.add(new Candidate(demand)));
        for (int i = 0; i < candidates.size(); i++) {
            order.put(candidates.get(i).demand.job(), i);
        }
    }

    /**
     * Hands out the workers; the same arguments in any order give the same answer.
     *
     * @param available workers that can be had
     * @param demands jobs that train or want to
     * @return by job, in the order of the queue
     */
    public static Map<String, Grant> of(List<AvailableWorker> available, List<Demand> demands) {
        Allotment allotment = new Allotment(available, demands);
        allotment.candidates.forEach(allotment::least);
        allotment.rest();
        allotment.candidates.forEach(allotment::keep);
        allotment.help();
        Map<String, Grant> grants = new LinkedHashMap<>();
        for (Candidate candidate : allotment.candidates) {
            Set<String> workers = Set.copyOf(candidate.workers);
            Set<String> helpers = Set.copyOf(candidate.helpers);
            grants.put(candidate.demand.job(), new Grant(workers, helpers, candidate.served, candidate.reason));
        }
        return grants;
    }

    private void least(Candidate candidate) {
        int least = candidate.demand.least();
        if (candidate.requirements.uniform()) {
            Demand.Requirements needs = candidate.requirements;
            String profile = homes.contains(candidate.demand.job())
                    ? largest(candidate)
                    : largest.computeIfAbsent(needs, same -> largest(candidate));
            candidate.requirements = needs.of(profile);
        }
        long found = fitting.computeIfAbsent(
                candidate.requirements,
                needs -> free.stream().filter(needs::takes).count());
        if (found < least) {
            candidate.reason = lack(candidate, found);
            return;
        }
        for (int i = 0; i < least; i++) {
            take(candidate, candidate.workers);
        }
        candidate.served = true;
    }

    /** The profile that most workers have; among equals the one that the job's own have. */
    private String largest(Candidate candidate) {
        Map<String, Integer> sizes = new TreeMap<>();
        for (AvailableWorker worker : free) {
            if (candidate.requirements.takes(worker)) {
                int own = worker.job().equals(candidate.demand.job()) ? 1 : 0;
                sizes.merge(worker.profile(), 4096 + own, Integer::sum);
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
            for (Candidate candidate : candidates) {
                if (candidate.served && candidate.workers.size() < candidate.demand.most()) {
                    taken |= take(candidate, candidate.workers);
                }
            }
        }
        for (Candidate candidate : candidates) {
            if (candidate.served) {
                candidate.reason = "has " + counted(candidate.workers.size());
            }
        }
    }

    private void help() {
        boolean taken = true;
        while (taken) {
            taken = false;
            for (Candidate candidate : candidates) {
                taken |= candidate.served && takeHelper(candidate);
            }
        }
    }

    /** Those that can do nothing else go first, among workers that are as near. */
    private boolean takeHelper(Candidate candidate) {
        int helpers = candidate.helpers.size();
        Optional<AvailableWorker> some =
                helpers < candidate.demand.helpers().some() ? nearest(candidate, helpersOnly) : Optional.empty();
        Optional<AvailableWorker> whole =
                helpers < candidate.demand.helpers().most() ? nearest(candidate, free) : Optional.empty();
        boolean wholeIsNearer = whole.isPresent()
                && (some.isEmpty() || distance(candidate, whole.get()) < distance(candidate, some.get()));
        if (wholeIsNearer) {
            return take(candidate, candidate.helpers);
        }
        some.ifPresent(worker -> {
            helpersOnly.remove(worker);
            candidate.helpers.add(worker.name());
        });
        return some.isPresent();
    }

    /** Waits with its prepared workers, so that it need not load again. */
    private void keep(Candidate candidate) {
        if (!candidate.served) {
            free.removeIf(worker -> {
                boolean own = worker.job().equals(candidate.demand.job());
                return own && candidate.requirements.takes(worker) && candidate.workers.add(worker.name());
            });
        }
    }

    private boolean take(Candidate candidate, Set<String> as) {
        return nearest(candidate, free)
                .map(worker -> {
                    free.remove(worker);
                    fitting.clear();
                    largest.clear();
                    return as.add(worker.name());
                })
                .orElse(false);
    }

    private Optional<AvailableWorker> nearest(Candidate candidate, List<AvailableWorker> of) {
        return of.stream()
                .filter(candidate.requirements::takes)
                .min(Comparator.comparing((AvailableWorker worker) -> distance(candidate, worker))
                        .thenComparing(AvailableWorker::name));
    }

    private int distance(Candidate candidate, AvailableWorker worker) {
        if (worker.job().equals(candidate.demand.job())) {
            return worker.helps() ? 1 : 0;
        }
        Integer other = order.get(worker.job());
        return other == null ? 2 : worker.helps() ? 3 : 4 + candidates.size() - other;
    }

    private String lack(Candidate candidate, long found) {
        long others = free.size() - found;
        return "needs "
                + counted(candidate.demand.least())
                + ", "
                + (found == 0 ? "none is" : found == 1 ? "1 is" : found + " are")
                + " free"
                + (helpersOnly.isEmpty() ? "" : " beside " + helpersOnly.size() + " that only help")
                + (others == 0 || candidate.requirements.profile().isEmpty()
                        ? ""
                        : " of profile "
                                + candidate.requirements.profile()
                                + ", which the job has to keep ("
                                + others
                                + " of others or excluded)");
    }

    private static String counted(int workers) {
        return workers == 1 ? "1 worker" : workers + " workers";
    }
}
