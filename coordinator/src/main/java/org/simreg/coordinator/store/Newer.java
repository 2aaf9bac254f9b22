package org.simreg.coordinator.store;

import com.google.protobuf.InvalidProtocolBufferException;
import com.hazelcast.map.EntryProcessor;
import java.util.Map.Entry;
import org.simreg.proto.JobRecord;

/**
 * An entry processor that puts a job's record unless one of its version or a higher one is there.
 * It can run twice, when the owner of a partition dies: the second time changes nothing.
 */
final class Newer implements EntryProcessor<String, byte[], Long> {
    private static final long serialVersionUID = 1;

    private final byte[] record;

    Newer(byte[] record) {
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
