package org.simreg.worker.cluster;

import java.util.Map;
import org.simreg.worker.distill.LoadedJob;
import org.simreg.worker.reduce.PeerTransport;

/**
 * What a worker has for all its jobs.
 *
 * @param worker its name
 * @param opener loads a job
 * @param lanes to other workers, by transport
 * @param checkpoints to and from the coordinator
 * @param witness sees what the worker does
 */
record Surroundings(
        String worker,
        LoadedJob.Opener opener,
        Map<String, PeerTransport> lanes,
        CheckpointRoad checkpoints,
        Witness witness) {}
