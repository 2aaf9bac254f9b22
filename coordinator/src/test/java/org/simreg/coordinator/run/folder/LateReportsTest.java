package org.simreg.coordinator.run.folder;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.proto.JobRecord;
import org.simreg.proto.SubmitRequest.Existing;

/** Reports whose pictures are in storage that gives no answer. */
class LateReportsTest {
    @TempDir
    Path temporary;

    private Path run;
    private JobRecord record;

    @BeforeEach
    void name() {
        run = temporary.resolve("runs/made-up");
        record = Runs.record(run);
    }

    @Test
    void aReportWhosePicturesDontComeHoldsUpNoOtherJobs() throws Exception {
        CountDownLatch bucket = new CountDownLatch(1);
        Path other = temporary.resolve("runs/other");
        DiskRunFolders patient = new DiskRunFolders(
                (folder, shown, data) -> {
                    if (folder.equals(run)) {
                        await(bucket);
                    }
                },
                Duration.ofMillis(50));
        try (RunFiles files = patient.create(record, Existing.REFUSE);
                RunFiles others = patient.create(Runs.record(other), Existing.REFUSE)) {
            CompletableFuture<Void> late = files.report().toCompletableFuture();
            others.report().toCompletableFuture().get(20, TimeUnit.SECONDS);
            assertFalse(late.isDone());
            bucket.countDown();
            late.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void aReportThatDoesntComeEndsInASentence() {
        CountDownLatch bucket = new CountDownLatch(1);
        DiskRunFolders disk = new DiskRunFolders((folder, shown, data) -> await(bucket));
        TimedRunFolders patient = new TimedRunFolders(disk, Duration.ofSeconds(20), Duration.ofMillis(50));
        try (RunFiles files = patient.create(record, Existing.REFUSE)) {
            CompletableFuture<Void> report = files.report().toCompletableFuture();
            ExecutionException e = assertThrows(ExecutionException.class, () -> report.get(20, TimeUnit.SECONDS));
            assertTrue(e.getCause().getMessage().contains("gives no answer"), e.getCause()::getMessage);
        } finally {
            bucket.countDown();
        }
    }

    private static void await(CountDownLatch bucket) {
        try {
            bucket.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
