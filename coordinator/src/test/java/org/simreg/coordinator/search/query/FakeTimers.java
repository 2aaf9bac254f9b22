package org.simreg.coordinator.search.query;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** A clock and timers that move only when a test says so. */
public final class FakeTimers implements Timers {
    private final List<Due> due = new ArrayList<>();
    private long now = 1_000_000;

    private static final class Due {
        private final long at;
        private final Runnable task;

        Due(long at, Runnable task) {
            this.at = at;
            this.task = task;
        }
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public Runnable after(long milliseconds, Runnable task) {
        Due one = new Due(now + Math.max(1, milliseconds), task);
        due.add(one);
        return () -> due.remove(one);
    }

    /** Lets time pass, and runs what is due in its order. */
    public void pass(long milliseconds) {
        long end = now + milliseconds;
        Optional<Due> next = first(end);
        while (next.isPresent()) {
            now = next.get().at;
            due.remove(next.get());
            next.get().task.run();
            next = first(end);
        }
        now = end;
    }

    private Optional<Due> first(long end) {
        return due.stream().filter(one -> one.at <= end).min(Comparator.comparingLong(one -> one.at));
    }

    /** Timers that still wait. */
    int waiting() {
        return due.size();
    }
}
