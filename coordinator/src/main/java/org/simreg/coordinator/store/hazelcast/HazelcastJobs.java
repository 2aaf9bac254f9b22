package org.simreg.coordinator.store.hazelcast;

import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map.Entry;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.simreg.coordinator.store.JournaledJobs;
import org.simreg.proto.JobRecord;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The published records of jobs in the Hazelcast map {@value #MAP}, as bytes by job id. */
public final class HazelcastJobs implements JournaledJobs.PublishedJobs {
    static final String MAP = "simreg.jobs";

    private static final Logger LOG = LoggerFactory.getLogger(HazelcastJobs.class);

    /** After which loading is given up: the journal holds. */
    private static final int LOAD_SECONDS = 20;

    private final IMap<String, byte[]> map;

    /**
     * @param cluster whose configuration is {@link ClusterConfig}'s
     */
    public HazelcastJobs(HazelcastInstance cluster) {
        map = cluster.getMap(MAP);
    }

    @Override
    public Collection<JobRecord> load() {
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
        NamedThreads.thread("simreg-load-jobs", load).start();
    }

    private static void parse(byte[] bytes, List<JobRecord> into) {
        try {
            into.add(JobRecord.parseFrom(bytes));
        } catch (InvalidProtocolBufferException e) {
            LOG.warn("Hazelcast holds what is no record of a job; it is passed over", e);
        }
    }

    @Override
    public void publish(JobRecord record) {
        try {
            map.submitToKey(record.getId(), new PutIfNewer(record.toByteArray()))
                    .whenComplete((version, failure) -> published(record, version, failure));
        } catch (HazelcastException | IllegalStateException e) {
            published(record, null, e);
        }
    }

    @Override
    public void withdraw(String id) {
        try {
            map.removeAsync(id).exceptionally(failure -> {
                LOG.warn("Job {} stays published in Hazelcast", id, failure);
                return null;
            });
        } catch (HazelcastException | IllegalStateException e) {
            LOG.warn("Job {} stays published in Hazelcast", id, e);
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

    /**
     * An entry processor that puts a job's record unless one of its version or a higher one is
     * there. It can run twice, when the owner of a partition dies: the second time changes nothing.
     */
    private static final class PutIfNewer implements EntryProcessor<String, byte[], Long> {
        private static final long serialVersionUID = 1;

        private final byte[] record;

        PutIfNewer(byte[] record) {
            this.record = record;
        }

        /** Gives the version that is there afterwards. */
        @Override
        public Long process(Entry<String, byte[]> entry) {
            long there = entry.getValue() == null ? -1 : version(entry.getValue());
            long ours = version(record);
            if (there >= ours) {
                return there;
            }
            entry.setValue(record);
            return ours;
        }

        /** What isn't a record gives way to one. */
        private static long version(byte[] record) {
            try {
                return JobRecord.parseFrom(record).getVersion();
            } catch (InvalidProtocolBufferException e) {
                return -1;
            }
        }
    }
}
