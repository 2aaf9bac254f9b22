package org.simreg.coordinator.job;

import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.simreg.proto.Roots;

/**
 * The coordinator's settings.
 *
 * @param version of simreg; workers must have the same
 * @param base what relative run folders are relative to
 * @param times how long it waits for what
 * @param clock milliseconds since 1970-01-01T00:00:00Z
 * @param executor runs tasks on the coordinator's thread
 * @param limits what clients may ask for
 * @param observer sees every event of every job
 */
public record CoordinatorSettings(
        String version,
        Path base,
        CoordinatorSettings.Times times,
        LongSupplier clock,
        Executor executor,
        CoordinatorSettings.Limits limits,
        JobObserver observer) {
    /** Without limits and without a observer. */
    public CoordinatorSettings(String version, Path base, Times times, LongSupplier clock, Executor executor) {
        this(version, base, times, clock, executor, Limits.NONE, JobObserver.NONE);
    }

    /**
     * The limits of what clients may ask for.
     *
     * @param roots below which the files of jobs must lie
     * @param queue most jobs that have not ended, at least 1
     */
    public record Limits(Roots roots, int queue) {
        /** Files anywhere, as many jobs as there is memory for. */
        public static final Limits NONE = new Limits(Roots.ANYWHERE, Integer.MAX_VALUE);
    }

    /**
     * The coordinator's waiting times, in milliseconds.
     *
     * @param heartbeat how often a worker must be heard
     * @param lostAfter silence after which it is lost
     * @param grace for workers to come back after a start of the coordinator, or after all of a
     *     job's were lost
     * @param gather for more workers that are about to be ready
     * @param patience for a worker to stop once it was told to
     * @param leave besides the length of a step, for the end of one when a worker wants to go
     * @param room before a job is tried again that lacked room, descriptors or memory, at first; 0:
     *     it fails
     */
    public record Times(int heartbeat, int lostAfter, long grace, long gather, long patience, long leave, long room) {
        /** What a cluster runs with. */
        public static final Times USUAL = new Times(
                /* heartbeat= */ 250,
                /* lostAfter= */ 1500,
                /* grace= */ 5000,
                /* gather= */ 500,
                /* patience= */ 300_000,
                /* leave= */ 2000,
                /* room= */ 1000);

        /** What a command runs with that ends with its job. */
        public static final Times ONE_JOB = new Times(250, 1500, 5000, 500, 300_000, 2000, 0);
    }
}
