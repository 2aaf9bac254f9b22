package org.simreg.worker.member.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.proto.Acknowledged;
import org.simreg.proto.Committed;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.Measured;
import org.simreg.proto.Report;
import org.simreg.proto.StepDone;
import org.simreg.proto.Told;

/** Reports that wait for a coordinator which is away. */
@Timeout(30)
class UnacknowledgedReportsTest {
    private final UnacknowledgedReports reports = new UnacknowledgedReports(3);

    private void commit(long step) {
        reports.add(Report.newBuilder()
                .setCommitted(
                        Committed.newBuilder().setStep(StepDone.newBuilder().setStep(step)))
                .build());
    }

    private CompletableFuture<Void> waiting() {
        CompletableFuture<Void> waits = CompletableFuture.runAsync(reports::awaitRoom);
        assertThrows(TimeoutException.class, () -> waits.get(50, TimeUnit.MILLISECONDS));
        return waits;
    }

    @Test
    void whoMakesStepsWaitsWhileTooManyAreNotAcknowledged() throws Exception {
        commit(1);
        commit(2);
        reports.awaitRoom();
        commit(3);
        CompletableFuture<Void> waits = waiting();
        reports.acknowledge(Acknowledged.newBuilder().setStep(1).build());
        waits.get(10, TimeUnit.SECONDS);
        commit(4);
        CompletableFuture<Void> again = waiting();
        assertFalse(again.isDone());
        // The job was given up.
        reports.clear();
        again.get(10, TimeUnit.SECONDS);
    }

    private void measure(int epoch) {
        EvaluationDone done = EvaluationDone.newBuilder()
                .setSubject("student")
                .setEpoch(epoch)
                .build();
        reports.add(Report.newBuilder()
                .setMeasured(Measured.newBuilder().setEvaluation(done))
                .build());
    }

    @Test
    void aMeasurementIsKeptUntilItIsAcknowledged() {
        commit(1);
        measure(1);
        measure(2);
        Measurement first =
                Measurement.newBuilder().setSubject("student").setEpoch(1).build();
        reports.acknowledge(Acknowledged.newBuilder().setMeasured(first).build());
        List<Report> kept = new ArrayList<>();
        reports.all().forEach(kept::add);
        assertEquals(2, kept.size());
        assertEquals(1, kept.get(0).getCommitted().getStep().getStep());
        assertEquals(2, kept.get(1).getMeasured().getEvaluation().getEpoch());
    }

    @Test
    void ofNoticesTheLastThousandAreKept() {
        IntStream.range(0, 1500)
                .forEach(i -> reports.add(Report.newBuilder()
                        .setTold(Told.newBuilder().setText("notice " + i))
                        .build()));
        List<Report> kept = new ArrayList<>();
        reports.all().forEach(kept::add);
        assertEquals(1000, kept.size());
        assertEquals("notice 500", kept.get(0).getTold().getText());
    }
}
