package org.simreg.coordinator.cluster;

/**
 * The coordinator's waiting times, in milliseconds.
 *
 * @param heartbeat how often a worker must be heard
 * @param lostAfter silence after which it is lost
 * @param grace for workers to come back after a start of the coordinator, or after all of a job's
 *     were lost
 * @param gather for more workers that are about to be ready
 * @param patience for a worker to stop once it was told to
 * @param leave besides the length of a step, for the end of one when a worker wants to go
 */
public record Times(
        int heartbeat, int lostAfter, long grace, long gather, long patience, long leave) {
    /** What a cluster runs with. */
    public static final Times USUAL = new Times(250, 1500, 5000, 500, 300_000, 2000);
}
