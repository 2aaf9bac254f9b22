package org.simreg.coordinator.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.simreg.coordinator.job.JobRun;

/** The workers that attend, by name. */
final class WorkerRegistry {
    private final Map<String, WorkerSession> attendants = new TreeMap<>();

    Optional<WorkerSession> find(String name) {
        return Optional.ofNullable(attendants.get(name));
    }

    void add(WorkerSession attendant) {
        attendants.put(attendant.name(), attendant);
    }

    /** Takes it off, unless another one has its name by now. */
    boolean remove(WorkerSession attendant) {
        return attendants.remove(attendant.name(), attendant);
    }

    boolean has(WorkerSession attendant) {
        return attendants.get(attendant.name()) == attendant;
    }

    /** In the order of their names. */
    List<WorkerSession> all() {
        return new ArrayList<>(attendants.values());
    }

    List<WorkerSession> at(JobRun run) {
        return attendants.values().stream().filter(attendant -> attendant.at(run)).toList();
    }

    /** Lets a worker go from its job. */
    static void drop(WorkerSession attendant, JobRun run, String reason) {
        attendant.send(Orders.drop(run.id(), reason, attendant.leaving()));
        attendant.free(run.now());
        if (attendant.leaving()) {
            attendant.release();
        }
    }
}
