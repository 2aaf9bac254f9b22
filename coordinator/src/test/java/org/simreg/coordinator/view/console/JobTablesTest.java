package org.simreg.coordinator.view.console;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.proto.JobStatus;
import org.simreg.proto.WorkerStatus;

/** What the tables say of workers that only help. */
class JobTablesTest {
    @Test
    void aWorkerThatOnlyHelpsIsSaidToInPlaceOfMicroBatches() {
        WorkerStatus worker = WorkerStatus.newBuilder()
                .setWorker("spot")
                .setState(WorkerStatus.State.HELPING)
                .setTeachers(1)
                .build();
        String table = JobTables.workers(List.of(worker), false, 0);
        assertTrue(table.contains("only helps"), table);
    }

    @Test
    void helpersAreNamedWithTheTeachersThatTheyHoldCountedFromOne() {
        JobStatus.Builder job = JobStatus.newBuilder().setReason("trains on a");
        job.addHelpersBuilder().setWorker("b").setShare(0.25);
        job.addHelpersBuilder().setWorker("c").setShare(0.5).addTeachers(0);
        job.addHelpersBuilder().setWorker("d").addTeachers(0).addTeachers(2);
        String table = JobTables.jobs(List.of(job.build()), true, 0);
        assertTrue(table.contains("helped by b (25 %), c (50 %, teacher 1), d (0 %, teachers 1 + 3)"), table);
    }
}
