package org.simreg.worker.distill;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.proto.Network;
import org.simreg.proto.Problems;
import org.simreg.worker.data.BatchLoader;
import org.simreg.worker.data.Splits;
import org.simreg.worker.reduce.LocalReduce;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.torchscript.StepModule;
import org.simreg.worker.torchscript.Torch;
import org.simreg.worker.torchscript.Trained;

/** A step gives back what it took, on both sides of the native border. */
class MemoryTest {
    private static final int WARM_UP = 40;
    private static final int STEPS = 140;
    private static final long ALLOWED_KIB = 14 << 10;
    private static final Path STATUS = Path.of("/proc/self/status");

    @TempDir Path folder;

    @Test
    void aHundredStepsLeaveNothingBehind() throws IOException {
        assumeTrue(Files.exists(STATUS), "resident memory is read from /proc");
        Job job = job();
        WorkerSettings settings = SmallRun.settings(folder, 1, 1);
        Splits images = ImageParts.open(job, settings, notice -> {});
        Plan plan = Plan.of(job, images.train().size());
        ViewPlan views = ViewPlan.of(job, false);
        try (Torch torch = new Torch("cpu", 1);
                BatchLoader loader =
                        new BatchLoader(images.train(), settings.loader(7), notice -> {})) {
            List<Teacher> teachers = Teachers.load(torch, job, new Problems());
            Trained trained = Students.of(job, teachers);
            List<TeacherFeatures> features = teachers.stream().map(TeacherFeatures::new).toList();
            Targets targets = new Targets(torch, views, features, loader);
            Steps.Parts parts = new Steps.Parts(torch, targets, loader, job.getSeed());
            try (StepModule student =
                            new StepModule(
                                    torch,
                                    trained,
                                    Students.settings(job),
                                    Students.start(job, trained));
                    Reduce reduce = new LocalReduce(torch.scope(), student::newOut);
                    Steps steps = new Steps(plan, Schedule.of(job, plan), views, parts)) {
                measure(torch, steps, student, reduce);
            } finally {
                teachers.forEach(Teacher::close);
            }
        }
    }

    private static void measure(Torch torch, Steps steps, StepModule student, Reduce reduce)
            throws IOException {
        for (int step = 0; step < WARM_UP; step++) {
            run(step, steps, student, reduce);
        }
        long before = resident();
        int arrays = torch.manager().getManagedArrays().size();
        for (int step = WARM_UP; step < STEPS; step++) {
            run(step, steps, student, reduce);
        }
        long grown = resident() - before;
        System.out.printf(
                "%d steps: resident memory %d MiB, grown by %d KiB; %d arrays alive%n",
                STEPS - WARM_UP, before >> 10, grown, arrays);
        assertEquals(arrays, torch.manager().getManagedArrays().size(), "arrays alive");
        assertTrue(grown < ALLOWED_KIB, "resident memory grew by " + grown + " KiB");
    }

    private static void run(long step, Steps steps, StepModule student, Reduce reduce) {
        steps.prepare(step);
        Reduce.Round round = reduce.begin(step, 2);
        steps.backward(step, student, round);
        steps.prepare(step + 1);
        steps.commit(step, student, await(round));
    }

    private static ai.djl.ndarray.NDArray await(Reduce.Round round) {
        try {
            return round.mean().get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
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
        job.getOptimizationBuilder().setBatch(8).setMicroBatches(2).setEpochs(200).setLr(1e-4);
        return JobSettings.complete(job.build());
    }
}
