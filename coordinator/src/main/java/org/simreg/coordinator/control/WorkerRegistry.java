package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.simreg.coordinator.job.JobRun;

/** The registry of the sessions of all workers that attend, by name. */
final class WorkerRegistry {
    private final Map<String, WorkerSession> sessions = new TreeMap<>();

    Optional<WorkerSession> find(String name) {
        return Optional.ofNullable(sessions.get(name));
    }

    void add(WorkerSession session) {
        sessions.put(session.name(), session);
    }

    /** Removes a session, unless another one has its name by now. */
    boolean remove(WorkerSession session) {
        return sessions.remove(session.name(), session);
    }

    boolean has(WorkerSession session) {
        return sessions.get(session.name()) == session;
    }

    /** All sessions, in the order of their names. */
    List<WorkerSession> all() {
        return new ArrayList<>(sessions.values());
    }

    /** The sessions of the workers that serve a job. */
    List<WorkerSession> of(JobRun run) {
        return sessions.values().stream().filter(session -> session.at(run)).toList();
    }
}
