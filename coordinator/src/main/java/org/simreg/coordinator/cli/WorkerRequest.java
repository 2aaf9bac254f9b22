package org.simreg.coordinator.cli;

import org.simreg.coordinator.client.Target;

/**
 * A worker to be run until it is told to leave.
 *
 * @param coordinator where it attends
 * @param name unique in the cluster
 * @param device {@code auto}, {@code cpu} or {@code cuda:N}
 * @param threads of libtorch on the CPU, at least 1
 * @param decodeThreads that decode and augment images, at least 1
 * @param cluster how other processes find it
 * @param observing what it shows of itself
 */
public record WorkerRequest(
        Target coordinator,
        String name,
        String device,
        int threads,
        int decodeThreads,
        ClusterAddress cluster,
        Observing observing) {}
