package org.simreg.worker.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.simreg.proto.StepDone;
import org.simreg.worker.engine.torch.LateCopies;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.train.StepClock.Part;

/** The times of a step's parts on a device that computes while the host goes on. */
class StepClockTest {
    private static final long MS = 1_000_000;

    private final LateCopies engine = new LateCopies();

    private void charge(StepClock clock, Part part, long milliseconds) {
        engine.computes(milliseconds * MS);
        clock.charge(part);
    }

    private void teacher(StepClock clock, int teacher, long milliseconds) {
        engine.computes(milliseconds * MS);
        clock.chargeComputed(teacher);
    }

    /** Data, teacher, student, reduce, update. */
    private static List<Double> parts(StepDone.Builder step) {
        return Stream.of(
                        step.getDataSeconds(),
                        step.getTeacherSeconds(),
                        step.getStudentSeconds(),
                        step.getReduceSeconds(),
                        step.getUpdateSeconds())
                .map(seconds -> Math.round(seconds * 1e6) / 1e3)
                .toList();
    }

    @Test
    void whatTheDeviceHasNotDoneYetIsTheNextStepsAndNobodyWaitsForIt() {
        try (Torch torch = engine.torch();
                StepClock clock = new StepClock(2, torch.transfers().timeline())) {
            charge(clock, Part.DATA, 5);
            teacher(clock, 0, 20);
            teacher(clock, 1, 30);
            engine.catchesUp();
            charge(clock, Part.STUDENT, 40);
            StepDone.Builder first = clock.read();
            assertEquals(List.of(5.0, 50.0, 0.0, 0.0, 0.0), parts(first));
            assertEquals(List.of(0.02, 0.03), first.getEachTeacherSecondsList());
            assertEquals(2, first.getFeatures());
            assertEquals(20 * MS, clock.computing(0));
            assertEquals(0.025, first.getFeatureSeconds());

            charge(clock, Part.UPDATE, 2);
            teacher(clock, 0, 40);
            assertEquals(20 * MS, clock.computing(0), "not known yet");
            engine.catchesUp();
            assertEquals(List.of(0.0, 40.0, 40.0, 0.0, 2.0), parts(clock.read()));
            assertEquals(25 * MS, clock.computing(0), "a quarter of the newest");
            assertEquals(List.of(0.0, 0.0, 0.0, 0.0, 0.0), parts(clock.read()));
            assertEquals(0, torch.transfers().counts().waits());
        }
        assertEquals(0, engine.marks(), "every mark is freed");
    }

    @Test
    void anEvaluationIsNoPartAndARestartForgetsWhatWasBefore() {
        try (Torch torch = engine.torch();
                StepClock clock = new StepClock(0, torch.transfers().timeline())) {
            engine.computes(100 * MS);
            clock.skip();
            charge(clock, Part.STUDENT, 1);
            engine.catchesUp();
            assertEquals(List.of(0.0, 0.0, 1.0, 0.0, 0.0), parts(clock.read()));

            charge(clock, Part.STUDENT, 9);
            charge(clock, Part.UPDATE, 9);
            clock.restart();
            charge(clock, Part.REDUCE, 3);
            engine.catchesUp();
            assertEquals(List.of(0.0, 0.0, 0.0, 3.0, 0.0), parts(clock.read()));
        }
        assertEquals(0, engine.marks(), "every mark is freed");
    }

    @Test
    void aDeviceThatIsTheHostHasTheHostsTimes() {
        try (StepClock clock = new StepClock(1)) {
            long before = System.nanoTime();
            while (System.nanoTime() < before + MS) {
                Thread.onSpinWait();
            }
            clock.chargeComputed(0);
            assertTrue(clock.computing(0) >= MS);
            assertTrue(clock.read().getTeacherSeconds() >= 0.001);
        }
    }
}
