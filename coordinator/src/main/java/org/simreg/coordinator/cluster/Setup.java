package org.simreg.coordinator.cluster;

import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * The coordinator's settings.
 *
 * @param version of simreg; workers must have the same
 * @param base what relative run folders are relative to
 * @param times how long it waits for what
 * @param clock milliseconds since 1970-01-01T00:00:00Z
 * @param executor runs tasks on the coordinator's thread
 * @param limits what clients may ask for
 * @param witness sees every event of every job
 */
public record Setup(
        String version,
        Path base,
        Times times,
        LongSupplier clock,
        Executor executor,
        Limits limits,
        Witness witness) {
    /** Without limits and without a witness. */
    public Setup(String version, Path base, Times times, LongSupplier clock, Executor executor) {
        this(version, base, times, clock, executor, Limits.NONE, Witness.NONE);
    }
}
