package org.simreg.coordinator.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.simreg.proto.WorkerStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The registry of workers in the map {@value #MAP}, as bytes by name, for those who want to see who
 * is there. Written by the coordinator alone; nothing rests on it: what fails is logged.
 */
public final class HazelcastWorkers {
    static final String MAP = "simreg.workers";

    private static final Logger LOG = LoggerFactory.getLogger(HazelcastWorkers.class);

    private final IMap<String, byte[]> map;

    /**
     * @param cluster whose configuration is {@link ClusterConfig}'s
     */
    public HazelcastWorkers(HazelcastInstance cluster) {
        map = cluster.getMap(MAP);
    }

    /** Publishes what is known of a worker; returns at once. */
    public void publish(WorkerStatus worker) {
        logged(worker.getWorker(), () -> map.setAsync(worker.getWorker(), worker.toByteArray()));
    }

    /** A worker is gone; returns at once. */
    public void remove(String worker) {
        logged(worker, () -> map.removeAsync(worker));
    }

    /** Whoever is published. Waits for the cluster's answer. */
    public List<WorkerStatus> list() {
        List<WorkerStatus> workers = new ArrayList<>();
        for (byte[] bytes : map.values()) {
            try {
                workers.add(WorkerStatus.parseFrom(bytes));
            } catch (InvalidProtocolBufferException e) {
                LOG.warn("Hazelcast holds what is no worker's status; it is passed over", e);
            }
        }
        return workers;
    }

    private static void logged(String worker, java.util.function.Supplier<CompletionStage<?>> act) {
        try {
            act.get()
                    .whenComplete(
                            (done, failure) -> {
                                if (failure != null) {
                                    failed(worker, failure);
                                }
                            });
        } catch (HazelcastException | IllegalStateException e) {
            failed(worker, e);
        }
    }

    private static void failed(String worker, Throwable failure) {
        LOG.warn("The state of worker {} isn't published in Hazelcast", worker, failure);
    }
}
