package org.simreg.coordinator.view.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.job.JobStore;
import org.simreg.proto.JobRecord;
import org.simreg.proto.UserError;

class TrackedStoreTest {
    private static final JobRecord RECORD = JobRecord.newBuilder().setId("a").build();

    private final Disk disk = new Disk();
    private final TrackedStore store = new TrackedStore(disk);

    /** A store in memory that can be full. */
    private static final class Disk implements JobStore {
        private final List<JobRecord> records = new ArrayList<>();
        private Optional<UserError> full = Optional.empty();
        private boolean closed;

        @Override
        public Collection<JobRecord> load() {
            return records;
        }

        @Override
        public void save(JobRecord record) {
            if (full.isPresent()) {
                throw full.get();
            }
            records.add(record);
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    @Test
    void aRecordThatCannotBeKeptIsATroubleUntilOneCan() {
        UserError full = new UserError("The disk is full");
        disk.full = Optional.of(full);
        assertSame(full, assertThrows(UserError.class, () -> store.save(RECORD)));
        assertEquals(Optional.of("The disk is full"), store.trouble());
        disk.full = Optional.empty();
        store.save(RECORD);
        assertEquals(Optional.empty(), store.trouble());
        assertEquals(List.of(RECORD), List.copyOf(store.load()));
    }

    @Test
    void itClosesWhatItWatches() {
        store.close();
        assertTrue(disk.closed);
    }
}
