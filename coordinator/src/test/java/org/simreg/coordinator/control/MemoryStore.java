package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.simreg.coordinator.job.JobStore;
import org.simreg.proto.JobRecord;
import org.simreg.proto.UserError;

/** Records that outlive a coordinator. */
final class MemoryStore implements JobStore {
    final Map<String, JobRecord> records = new TreeMap<>();
    final Set<String> refused = new HashSet<>();
    BooleanSupplier lacksRoom = () -> false;
    int saves;

    @Override
    public Collection<JobRecord> load() {
        return List.copyOf(records.values());
    }

    @Override
    public void save(JobRecord record) {
        if (refused.contains(record.getId())) {
            throw new UserError("Writing jobs.journal failed: No space left on device");
        }
        if (lacksRoom.getAsBoolean()) {
            throw MemoryFiles.shortage("jobs.journal");
        }
        JobRecord before = records.put(record.getId(), record);
        if (before != null) {
            assertTrue(record.getVersion() > before.getVersion(), "version must rise");
            long issued = before.getGeneration().getNumber();
            assertTrue(
                    record.getGeneration().equals(before.getGeneration())
                            || record.getGeneration().getNumber() > issued,
                    "a generation number was given twice");
        }
        saves++;
    }

    @Override
    public void close() {
        records.clear();
    }
}
