package org.simreg.coordinator.cli;

import java.nio.file.Path;
import org.simreg.coordinator.scale.ScaleSettings;

/**
 * A coordinator to be run until it is told to stop.
 *
 * @param port that clients and workers connect to, at the cluster address' host; 0 takes any free
 * @param home absolute folder of the journal
 * @param cluster how other processes find it
 * @param observing what it shows of itself
 * @param scale how many workers there may be
 */
public record CoordinatorRequest(
        int port, Path home, ClusterAddress cluster, Observing observing, ScaleSettings scale) {}
