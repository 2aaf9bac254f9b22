package org.simreg.coordinator.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The workers that attend, by name. */
final class Attendance {
    private final Map<String, Attendant> attendants = new TreeMap<>();

    Optional<Attendant> find(String name) {
        return Optional.ofNullable(attendants.get(name));
    }

    void add(Attendant attendant) {
        attendants.put(attendant.name(), attendant);
    }

    /** Takes it off, unless another one has its name by now. */
    boolean remove(Attendant attendant) {
        return attendants.remove(attendant.name(), attendant);
    }

    boolean has(Attendant attendant) {
        return attendants.get(attendant.name()) == attendant;
    }

    /** In the order of their names. */
    List<Attendant> all() {
        return new ArrayList<>(attendants.values());
    }

    List<Attendant> at(Run run) {
        return attendants.values().stream().filter(attendant -> attendant.at(run)).toList();
    }

    /** Lets a worker go from its job. */
    static void drop(Attendant attendant, Run run, String reason) {
        attendant.send(Orders.drop(run.id(), reason, attendant.leaving()));
        attendant.free(run.now());
        if (attendant.leaving()) {
            attendant.release();
        }
    }
}
