package org.simreg.coordinator.cli;

import org.simreg.coordinator.client.Passport;
import org.simreg.coordinator.client.Target;
import org.simreg.proto.Roots;

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
 * @param passport by what it shows the coordinator and other workers who it is
 * @param roots below which it sees files of jobs
 */
public record WorkerRequest(
        Target coordinator,
        String name,
        String device,
        int threads,
        int decodeThreads,
        ClusterAddress cluster,
        Observing observing,
        Passport passport,
        Roots roots) {}
