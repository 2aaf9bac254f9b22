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
import org.simreg.proto.Committed;
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
        reports.acknowledge(1);
        waits.get(10, TimeUnit.SECONDS);
        commit(4);
        CompletableFuture<Void> again = waiting();
        assertFalse(again.isDone());
        // The job was given up.
        reports.clear();
        again.get(10, TimeUnit.SECONDS);
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
