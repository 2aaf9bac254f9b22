package org.simreg.coordinator.view.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Report;

class WorkerMetersTest {
    private final Meters meters = new Meters();
    private final WorkerMeters worker = new WorkerMeters(meters);

    @AfterEach
    void close() {
        meters.close();
    }

    @Test
    void itAttendsWhileTheCoordinatorHearsIt() {
        assertFalse(worker.attends());
        assertEquals(0, Scrape.value(meters, "simreg_worker_attends"));
        worker.attends(true);
        assertTrue(worker.attends());
        assertEquals(1, Scrape.value(meters, "simreg_worker_attends"));
        worker.attends(false);
        assertEquals(0, Scrape.value(meters, "simreg_worker_attends"));
    }

    @Test
    void onlyCommittedStepsAreCounted() {
        worker.reported(Report.getDefaultInstance());
        assertEquals(0, Scrape.value(meters, "simreg_worker_step_seconds_count"));
        Report.Builder report = Report.newBuilder();
        report.getCommittedBuilder()
                .getStepBuilder()
                .setStep(17)
                .setSeconds(0.25)
                .setStudentSeconds(0.125);
        worker.reported(report.build());
        assertEquals(1, Scrape.value(meters, "simreg_worker_step_seconds_count"));
        assertEquals(0.25, Scrape.value(meters, "simreg_worker_step_seconds_sum"));
        assertEquals(17, Scrape.value(meters, "simreg_worker_committed_step"));
        assertEquals(0.125, Scrape.value(meters, "simreg_worker_step_part_seconds_total{part=\"student\"}"));
    }
}
