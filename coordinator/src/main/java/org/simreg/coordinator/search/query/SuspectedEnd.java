package org.simreg.coordinator.search.query;

import java.util.Collection;
import java.util.stream.Collectors;

/**
 * A worker whose process some images seem to have ended: it was lost while it read them, or gave no answer. One that was
 * lost may only have been silent, as on a machine that stood still; then the same process attends again.
 *
 * @param at when, in milliseconds of {@link Timers#now}
 * @param lost whether it was lost; otherwise it gave no answer
 */
public record SuspectedEnd(SearchWorkers.Worker worker, long at, boolean lost) {
    /** How long a process that was lost may take to attend again. */
    static final long BACK_MS = 15_000;

    /** Whether the same process attends again: it was silent only. */
    public boolean isBack(Collection<SearchWorkers.Worker> attending) {
        return lost && attending.contains(worker);
    }

    /**
     * Whether there is no hope left for the process: it gave no answer, another one of its name attends, or it hasn't come
     * back for {@value #BACK_MS} ms.
     */
    public boolean isCertain(Collection<SearchWorkers.Worker> attending, long now) {
        boolean replaced =
                attending.stream().anyMatch(other -> other.name().equals(worker.name()) && !other.equals(worker));
        return !lost || replaced || now - at >= BACK_MS;
    }

    /** The names of the workers, for a sentence. */
    public static String names(Collection<SuspectedEnd> ends) {
        return ends.stream().map(end -> end.worker.name()).distinct().collect(Collectors.joining(" and "));
    }
}
