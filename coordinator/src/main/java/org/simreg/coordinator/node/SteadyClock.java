package org.simreg.coordinator.node;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * A clock in milliseconds since 1970-01-01T00:00:00Z that starts from the wall clock and then
 * counts by {@link System#nanoTime}: who is silent is found by differences, and a wall clock that
 * is set forward would make everybody silent.
 */
final class SteadyClock implements LongSupplier {
    private final long beginMs;
    private final long beginNanos;
    private final LongSupplier nanos;

    /** Begins now. */
    SteadyClock() {
        this(System::currentTimeMillis, System::nanoTime);
    }

    SteadyClock(LongSupplier wall, LongSupplier nanos) {
        this.nanos = nanos;
        beginMs = wall.getAsLong();
        beginNanos = nanos.getAsLong();
    }

    @Override
    public long getAsLong() {
        return beginMs + TimeUnit.NANOSECONDS.toMillis(nanos.getAsLong() - beginNanos);
    }
}
