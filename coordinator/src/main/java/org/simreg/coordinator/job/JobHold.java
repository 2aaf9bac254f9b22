package org.simreg.coordinator.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/**
 * The hold of a job: whether nothing is done for it at present. It is left alone while its folder
 * doesn't answer or its end can't be recorded; what is to be done for it waits while its files are
 * made durable.
 */
public final class JobHold {
    private final String job;
    private final LongSupplier clock;
    private Optional<String> why = Optional.empty();
    private long since;
    private Optional<Wait> waiting = Optional.empty();

    /** A wait for files to be durable, and what is to be done then. */
    private record Wait(CompletionStage<?> end, long since, List<Runnable> actions) {}

    JobHold(String job, LongSupplier clock) {
        this.job = job;
        this.clock = clock;
    }

    /** Leaves the job alone from now on; what waited is given up. */
    public void begin(String reason) {
        why = Optional.of(reason);
        since = clock.getAsLong();
        waiting = Optional.empty();
        EventTrace.LOG.warn("The job {} {}", job, reason);
    }

    /** The job can be gone on with. */
    public void end() {
        why = Optional.empty();
    }

    /** Whether the job is not left alone. */
    public boolean able() {
        return why.isEmpty();
    }

    /** Why the job is left alone; empty if it isn't. */
    public String why() {
        return why.orElse("");
    }

    /** How long it has been left alone. */
    public long milliseconds() {
        return clock.getAsLong() - since;
    }

    /** What is to be done for the job waits from now on, until its files are durable and {@link #ready}. */
    public void await(CompletionStage<?> durable) {
        waiting = Optional.of(new Wait(durable, clock.getAsLong(), new ArrayList<>()));
    }

    /** Whether what is to be done for the job waits. */
    public boolean waits() {
        return waiting.isPresent();
    }

    /** Whether it waits for this. */
    public boolean waitsFor(CompletionStage<?> durable) {
        return waiting.filter(wait -> wait.end == durable).isPresent();
    }

    /** Has an action wait, too. */
    public void later(Runnable action) {
        waiting.orElseThrow().actions.add(action);
    }

    /** Nothing waits any more; gives what did. */
    public List<Runnable> ready() {
        List<Runnable> actions = waiting.map(Wait::actions).orElse(List.of());
        waiting = Optional.empty();
        return actions;
    }

    /** What it has waited for longer than so many milliseconds; empty if it hasn't. */
    Optional<CompletionStage<?>> overdue(long ms) {
        return waiting.filter(wait -> clock.getAsLong() - wait.since > ms).map(Wait::end);
    }
}
