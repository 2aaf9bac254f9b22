package org.simreg.coordinator.cluster;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Predicate;
import org.simreg.coordinator.schedule.Decision;
import org.simreg.coordinator.schedule.Phase;
import org.simreg.proto.Generation;
import org.simreg.proto.GenerationBegun.Cause;

/** Why a generation follows another, in one word. */
final class Causes {
    private Causes() {}

    /**
     * @param before the generation that ends; without members if there was none
     * @param attends whether a worker is still there
     */
    static Cause of(Generation before, Decision.Begin begin, Predicate<String> attends) {
        if (begin.then() instanceof Phase.Halting) {
            return Cause.CHECKPOINT;
        }
        if (before.getMembersCount() == 0) {
            return Cause.BEGIN;
        }
        Set<String> come = workers(begin.generation());
        Set<String> gone = workers(before);
        gone.removeAll(come);
        come.removeAll(workers(before));
        if (gone.stream().anyMatch(attends.negate())) {
            return Cause.LOSS;
        }
        if (gone.isEmpty()) {
            return come.isEmpty() ? Cause.SAME : Cause.JOIN;
        }
        return come.isEmpty() ? Cause.LEAVE : Cause.EXCHANGE;
    }

    private static Set<String> workers(Generation generation) {
        Set<String> workers = new LinkedHashSet<>();
        generation.getMembersList().forEach(member -> workers.add(member.getWorker()));
        return workers;
    }
}
