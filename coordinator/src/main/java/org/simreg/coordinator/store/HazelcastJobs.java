package org.simreg.coordinator.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.simreg.proto.JobRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The jobs' records in the map {@value #MAP}, as bytes by job id, for those who want to see them
 * and for a coordinator that has lost its disk. Nothing rests on it: what fails is logged.
 */
public final class HazelcastJobs {
    static final String MAP = "simreg.jobs";

    private static final Logger LOG = LoggerFactory.getLogger(HazelcastJobs.class);

    /** A cluster that hasn't answered by then has other troubles. */
    private static final int LOAD_SECONDS = 20;

    private final IMap<String, byte[]> map;

    /**
     * @param cluster whose configuration is {@link ClusterConfig}'s
     */
    public HazelcastJobs(HazelcastInstance cluster) {
        map = cluster.getMap(MAP);
    }

    /** What is published; nothing if the cluster doesn't answer. Waits for the answer. */
    Collection<JobRecord> load() {
        List<JobRecord> records = new ArrayList<>();
        try {
            CompletableFuture.supplyAsync(() -> List.copyOf(map.values()), HazelcastJobs::thread)
                    .orTimeout(LOAD_SECONDS, TimeUnit.SECONDS)
                    .join()
                    .forEach(bytes -> parse(bytes, records));
        } catch (CompletionException e) {
            LOG.warn("The jobs published in Hazelcast can't be read; the journal holds", e);
        }
        return records;
    }

    /** A thread of its own: it may hang for longer than a pool could spare it. */
    private static void thread(Runnable load) {
        Thread thread = new Thread(load, "simreg-load-jobs");
        thread.setDaemon(true);
        thread.start();
    }

    private static void parse(byte[] bytes, List<JobRecord> into) {
        try {
            into.add(JobRecord.parseFrom(bytes));
        } catch (InvalidProtocolBufferException e) {
            LOG.warn("Hazelcast holds what is no record of a job; it is passed over", e);
        }
    }

    /** Publishes a record, unless a newer one is there; returns at once. */
    void publish(JobRecord record) {
        try {
            map.submitToKey(record.getId(), new Newer(record.toByteArray()))
                    .whenComplete((version, failure) -> published(record, version, failure));
        } catch (HazelcastException | IllegalStateException e) {
            published(record, null, e);
        }
    }

    private static void published(JobRecord record, Long version, Throwable failure) {
        if (failure != null) {
            LOG.warn("Job {} isn't published in Hazelcast", record.getId(), failure);
        } else if (version > record.getVersion()) {
            LOG.error(
                    "Job {} is published in version {} and this coordinator is at {}: another coordinator writes it; stop one of the two",
                    record.getId(),
                    version,
                    record.getVersion());
        }
    }
}
