package org.simreg.coordinator.store.hazelcast;

import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.IMap;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.simreg.coordinator.store.JournaledJobs;
import org.simreg.proto.JobRecord;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.simreg.worker.base.io.Disk;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The published records of jobs in the Hazelcast map {@value #MAP}, as bytes by job id. */
public final class HazelcastJobs implements JournaledJobs.PublishedJobs {
    static final String MAP = "simreg.jobs";

    private static final Logger LOG = LoggerFactory.getLogger(HazelcastJobs.class);

    /** After which loading is given up: the journal holds. */
    private static final int LOAD_SECONDS = 20;

    /** A job has 16 KiB, and its record hardly more. */
    private static final int LARGEST = 1 << 20;

    private final IMap<String, byte[]> map;
    private final Function<JobRecord, Optional<String>> check;

    /**
     * @param cluster whose configuration is {@link ClusterConfig}'s
     * @param check says why a record is not taken, as whoever reaches the cluster's port may have written it
     */
    public HazelcastJobs(HazelcastInstance cluster, Function<JobRecord, Optional<String>> check) {
        map = cluster.getMap(MAP);
        this.check = check;
    }

    @Override
    public Collection<JobRecord> load() {
        List<JobRecord> records = new ArrayList<>();
        try {
            CompletableFuture.supplyAsync(() -> Map.copyOf(map.getAll(map.keySet())), HazelcastJobs::thread)
                    .orTimeout(LOAD_SECONDS, TimeUnit.SECONDS)
                    .join()
                    .forEach((id, bytes) -> read(id, bytes).ifPresent(records::add));
        } catch (CompletionException e) {
            LOG.warn("The jobs published in Hazelcast can't be read; the journal holds", e);
        }
        return records;
    }

    private Optional<JobRecord> read(String id, byte[] bytes) {
        try {
            if (bytes.length > LARGEST) {
                return passedOver(id, "it has " + bytes.length + " bytes, and " + LARGEST + " are the most");
            }
            JobRecord record = JobRecord.parseFrom(bytes);
            Optional<String> refusal =
                    record.getId().equals(id) ? check.apply(record) : Optional.of("it is of another job");
            return refusal.isPresent() ? passedOver(id, refusal.get()) : Optional.of(record);
        } catch (InvalidProtocolBufferException e) {
            return passedOver(id, "it is no record of a job");
        }
    }

    private static Optional<JobRecord> passedOver(String id, String why) {
        LOG.warn("What Hazelcast holds of the job {} is passed over: {}", Disk.printable(id), Disk.printable(why));
        return Optional.empty();
    }

    /** A thread of its own: it may hang for longer than a pool could spare it. */
    private static void thread(Runnable load) {
        NamedThreads.thread("simreg-load-jobs", load).start();
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
    static final class PutIfNewer implements EntryProcessor<String, byte[], Long>, IdentifiedDataSerializable {
        /** Of our factory, and of the class in it. */
        static final int FACTORY = 7100;

        private static final int CLASS = 1;
        private static final long serialVersionUID = 1;

        private byte[] record;

        /** For {@link #readData}. */
        PutIfNewer() {
            this(new byte[0]);
        }

        PutIfNewer(byte[] record) {
            this.record = record;
        }

        @Override
        public int getFactoryId() {
            return FACTORY;
        }

        @Override
        public int getClassId() {
            return CLASS;
        }

        @Override
        public void writeData(ObjectDataOutput out) throws IOException {
            out.writeByteArray(record);
        }

        @Override
        public void readData(ObjectDataInput in) throws IOException {
            record = in.readByteArray();
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
