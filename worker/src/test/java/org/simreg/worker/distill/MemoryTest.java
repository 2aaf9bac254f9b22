package org.simreg.worker.distill;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.worker.data.BatchLoader;
import org.simreg.worker.data.Batches;
import org.simreg.worker.data.Splits;
import org.simreg.worker.reduce.LocalReduce;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.torchscript.StepModule;
import org.simreg.worker.torchscript.Torch;
import org.simreg.worker.torchscript.Trained;

/** A step gives back what it took, on both sides of the native border. */
class MemoryTest {
    private static final int WARM_UP = 60;
    private static final int STEPS = 360;
    private static final long ALLOWED_KIB = 40 << 10;
    private static final Path STATUS = Path.of("/proc/self/status");

    @TempDir Path folder;

    @Test
    void threeHundredStepsLeaveNothingBehind() throws IOException {
        assumeTrue(Files.exists(STATUS), "resident memory is read from /proc");
        Job job = job();
        WorkerSettings settings = SmallRun.settings(folder, 1, 1);
        Splits images = ImageParts.open(job, settings, notice -> {});
        Plan plan = Plan.of(job, images.train().size());
        ViewPlan views = ViewPlan.of(job, false);
        try (Torch torch = new Torch("cpu", 1);
                BatchLoader loader =
                        new BatchLoader(images.train(), settings.loader(7), notice -> {});
                Batches batches = loader.batches(new Requests(plan, views.recipes(), 0))) {
            List<Teacher> teachers = Teachers.load(torch, job);
            Trained trained = Students.of(job, teachers);
            try (StepModule student =
                            new StepModule(
                                    torch,
                                    trained,
                                    Students.settings(job),
                                    Students.start(job, trained));
                    Reduce reduce = new LocalReduce(torch.scope(), student::newOut);
                    Distillation loop =
                            new Distillation(
                                    plan,
                                    Schedule.of(job, plan),
                                    views,
                                    new Distillation.Parts(torch, teachers, student, reduce))) {
                loop.start(0, batches);
                measure(torch, loop);
            } finally {
                teachers.forEach(Teacher::close);
            }
        }
    }

    private static void measure(Torch torch, Distillation loop) throws IOException {
        while (loop.committed() < WARM_UP) {
            loop.step();
        }
        long before = resident();
        int arrays = torch.manager().getManagedArrays().size();
        while (loop.committed() < STEPS) {
            loop.step();
        }
        long grown = resident() - before;
        System.out.printf(
                "%d steps: resident memory %d MiB, grown by %d KiB; %d arrays alive%n",
                STEPS - WARM_UP, before >> 10, grown, arrays);
        assertEquals(arrays, torch.manager().getManagedArrays().size(), "arrays alive");
        assertTrue(grown < ALLOWED_KIB, "resident memory grew by " + grown + " KiB");
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
        job.getViewsBuilder().setSize(16);
        job.getOptimizationBuilder().setBatch(4).setMicroBatches(2).setEpochs(100);
        return JobSettings.complete(job.build());
    }
}
