package org.simreg.coordinator.access;

import java.util.Locale;

/**
 * A role: what the bearer of a token may do; each but {@link #WORKER} may do what those before it
 * may.
 */
public enum Role {
    /** Look at jobs and workers. */
    READ,
    /** Queue jobs. */
    SUBMIT,
    /** Cancel, pause and resume anybody's jobs. */
    OPERATE,
    /** Attend as a worker: take orders, read data, send checkpoints; nothing else. */
    WORKER;

    /** Whether this role is enough where another is needed. */
    boolean covers(Role needed) {
        return this == needed || this != WORKER && needed != WORKER && compareTo(needed) > 0;
    }

    /** As people write it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
