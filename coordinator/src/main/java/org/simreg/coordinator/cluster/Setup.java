package org.simreg.coordinator.cluster;

import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;

/**
 * What a keeper is told once.
 *
 * @param version of simreg; workers must have the same
 * @param base what relative run folders are relative to
 * @param times how long it waits for what
 * @param clock milliseconds since 1970-01-01T00:00:00Z
 * @param executor runs tasks on the keeper's thread
 * @param witness sees every event of every job
 */
public record Setup(
        String version,
        Path base,
        Times times,
        LongSupplier clock,
        Executor executor,
        Witness witness) {
    /** Without a witness. */
    public Setup(String version, Path base, Times times, LongSupplier clock, Executor executor) {
        this(version, base, times, clock, executor, Witness.NONE);
    }
}
