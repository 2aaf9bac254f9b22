package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.JobSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.RunCheckpoint;
import org.simreg.worker.train.student.StudentBuilder;

/** Tests of the momentum teacher: the exponential average of its student, step by step. */
class MomentumTeacherTest {
    @TempDir
    Path folder;

    @Test
    void itsWeightsAreTheExponentialAverageOfTheStudents() {
        Job.Builder job = SmallRun.job("self");
        job.getMomentumTeacherBuilder().setDecay(0.5).setHidden(32).setOutput(16);
        job.getCheckpointsBuilder().setEverySteps(1).setKeep(20);
        SmallRun run = SmallRun.whole(job, folder);
        Job whole = JobSettings.complete(job.build());
        LearningSchedule schedule = LearningSchedule.of(whole, TrainingPlan.of(whole, 25));
        List<StudentState> states = states(StudentBuilder.of(
                whole, List.of(), Networks.backbone(whole.getStudent().getNetwork())));
        assertEquals(run.steps().size() + 1, states.size(), "one before the first step");
        float[] start = Arrays.copyOf(states.get(0).weights(), states.get(0).average().length);
        assertArrayEquals(start, states.get(0).average(), "it starts as the student");
        for (int step = 0; step + 1 < states.size(); step++) {
            follows(states.get(step), states.get(step + 1), schedule.decay(step));
        }
    }

    private List<StudentState> states(StudentNetwork trained) {
        List<StudentState> states = new ArrayList<>();
        for (Path file : RunCheckpoint.list(SmallRun.checkpoints(folder))) {
            states.add(RunCheckpoint.read(file, trained).state());
        }
        return states;
    }

    private static void follows(StudentState before, StudentState after, double decay) {
        double moved = 0;
        for (int i = 0; i < before.average().length; i++) {
            double expected = decay * before.average()[i] + (1 - decay) * after.weights()[i];
            assertEquals(expected, after.average()[i], 1e-6 * Math.abs(expected) + 1e-8);
            moved = Math.max(moved, Math.abs(after.average()[i] - before.average()[i]));
        }
        assertTrue(moved > 1e-4, "nothing moved at decay " + decay);
    }
}
