package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.worker.exchange.reduce.LocalReduce;
import org.simreg.worker.exchange.reduce.Reduce;

/** Tests that a step gives back the memory that it took, native and Java's. */
class MemoryTest {
    private static final int WARM_UP = 40;
    private static final int STEPS = 140;
    private static final long ALLOWED_KIB = 14 << 10;
    private static final Path STATUS = Path.of("/proc/self/status");

    @TempDir
    Path folder;

    @Test
    void aHundredStepsLeaveNothingBehind() throws IOException {
        assumeTrue(Files.exists(STATUS), "resident memory is read from /proc");
        try (LoadedJob job = JobLoader.open(job(), SmallRun.settings(folder, 1, 1), n -> {})) {
            job.start();
            try (Reduce reduce = new LocalReduce(job.scope(), job.student()::newOut)) {
                measure(job, SmallRun.loop(job, reduce));
            }
        }
    }

    private static void measure(LoadedJob job, TrainingLoop loop) throws IOException {
        for (int step = 0; step < WARM_UP; step++) {
            loop.step(step);
        }
        long before = resident();
        int arrays = arrays(job);
        for (int step = WARM_UP; step < STEPS; step++) {
            loop.step(step);
        }
        long grown = resident() - before;
        System.out.printf(
                "%d steps: resident memory %d MiB, grown by %d KiB; %d arrays alive%n",
                STEPS - WARM_UP, before >> 10, grown, arrays);
        assertEquals(arrays, arrays(job), "arrays alive");
        assertTrue(grown < ALLOWED_KIB, "resident memory grew by " + grown + " KiB");
    }

    private static int arrays(LoadedJob job) {
        try (NDManager scope = job.scope()) {
            return scope.getParentManager().getManagedArrays().size();
        }
    }

    /** Collects first, more than once because the heap shrinks by degrees. */
    private static long resident() throws IOException {
        for (int i = 0; i < 4; i++) {
            System.gc();
        }
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }

    private Job job() {
        Job.Builder job = SmallRun.job(SmallRun.teacher(folder, Network.MOBILENET_V2, 1));
        job.getViewsBuilder().setSize(32);
        job.getOptimizationBuilder()
                .setBatch(8)
                .setMicroBatches(2)
                .setEpochs(200)
                .setLr(1e-4);
        return JobSettings.complete(job.build());
    }
}
