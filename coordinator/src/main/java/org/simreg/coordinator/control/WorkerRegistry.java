package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.simreg.coordinator.job.JobRun;
import org.simreg.proto.NumericProfile;

/** The registry of the sessions of all workers that attend, by name. */
final class WorkerRegistry {
    private final Map<String, WorkerSession> sessions = new TreeMap<>();

    /** Those that serve a job, by name. */
    private final Map<JobRun, Map<String, WorkerSession>> serving = new HashMap<>();

    Optional<WorkerSession> find(String name) {
        return Optional.ofNullable(sessions.get(name));
    }

    void add(WorkerSession session) {
        Optional.ofNullable(sessions.put(session.name(), session)).ifPresent(this::forget);
        session.whenMoved(this::moved);
    }

    private void moved(WorkerSession session, Optional<JobRun> from, Optional<JobRun> to) {
        from.ifPresent(run -> serving.computeIfPresent(run, (key, those) -> {
            those.remove(session.name(), session);
            return those.isEmpty() ? null : those;
        }));
        to.ifPresent(run -> serving.computeIfAbsent(run, key -> new TreeMap<>()).put(session.name(), session));
    }

    private void forget(WorkerSession session) {
        session.whenMoved((one, from, to) -> {});
        moved(session, session.run(), Optional.empty());
    }

    /** Removes a session, unless another one has its name by now. */
    boolean remove(WorkerSession session) {
        boolean removed = sessions.remove(session.name(), session);
        if (removed) {
            forget(session);
        }
        return removed;
    }

    boolean has(WorkerSession session) {
        return sessions.get(session.name()) == session;
    }

    /** The session of a worker by its {@link WorkerSession#key}. */
    private Optional<WorkerSession> withKey(String key) {
        return find(key.substring(0, key.lastIndexOf('/')))
                .filter(session -> session.key().equals(key));
    }

    Census census() {
        return new Census();
    }

    /**
     * The workers that attend at a moment, by what jobs may have against them: so many jobs can be asked about without
     * walking over all workers for each.
     */
    final class Census {
        private final Map<String, List<WorkerSession>> profiles = new TreeMap<>();
        private final Map<String, Set<String>> unreachable = new HashMap<>();

        private Census() {
            sessions.values()
                    .forEach(session -> profiles.computeIfAbsent(
                                    session.hello().getProfile(), profile -> new ArrayList<>())
                            .add(session));
        }

        /**
         * Names of the workers that can't serve a job, but for those of another profile.
         *
         * @param transport that they must have an address for
         * @param objected keys of those that failed at it
         */
        Set<String> excluded(String transport, Set<String> objected) {
            Set<String> without = unreachable.computeIfAbsent(transport, this::without);
            if (objected.isEmpty()) {
                return without;
            }
            Set<String> all = new TreeSet<>(without);
            objected.forEach(key -> withKey(key).map(WorkerSession::name).ifPresent(all::add));
            return all;
        }

        private Set<String> without(String transport) {
            return sessions.values().stream()
                    .filter(session -> !session.hello().containsAddresses(transport)
                            || !session.hello().getLeftOut().isEmpty())
                    .map(WorkerSession::name)
                    .collect(Collectors.toUnmodifiableSet());
        }

        /** The first workers, by name, whose profile is another one, at most so many of each. */
        Set<String> others(String profile, int most) {
            return profiles.entrySet().stream()
                    .filter(group -> !NumericProfile.same(profile, group.getKey()))
                    .flatMap(group -> group.getValue().stream().limit(most))
                    .map(WorkerSession::name)
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    int count() {
        return sessions.size();
    }

    /** All sessions, in the order of their names. */
    List<WorkerSession> all() {
        return new ArrayList<>(sessions.values());
    }

    /** The sessions of the workers that serve a job, in the order of their names. */
    List<WorkerSession> of(JobRun run) {
        return List.copyOf(serving.getOrDefault(run, Map.of()).values());
    }
}
