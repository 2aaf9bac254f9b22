package org.simreg.coordinator.control;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The simulated reduce of one generation: who has given its part of which step. */
final class Rounds {
    private final Map<Long, Set<String>> given = new HashMap<>();

    void give(String worker, long step) {
        given.computeIfAbsent(step, key -> new HashSet<>()).add(worker);
    }

    boolean whole(long step, int members) {
        return given.getOrDefault(step, Set.of()).size() == members;
    }
}
