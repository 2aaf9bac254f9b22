package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.simreg.coordinator.job.JobRun;

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

    /** All sessions, in the order of their names. */
    List<WorkerSession> all() {
        return new ArrayList<>(sessions.values());
    }

    /** The sessions of the workers that serve a job, in the order of their names. */
    List<WorkerSession> of(JobRun run) {
        return List.copyOf(serving.getOrDefault(run, Map.of()).values());
    }
}
