package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;

/** The time that a leaving worker is kept, by a clock that the test sets. */
class LeaveTest {
    private final World world = new World(7);
    private final FakeWorker a = world.worker("a");
    private final FakeWorker b = world.worker("b");

    private JobStatus status() {
        return world.coordinator().get("one");
    }

    private void train(long stepMs) {
        world.submit(World.job("one"));
        world.until(() -> status().getWorkersCount() == 2 && status().getStep() >= 6, 20_000);
        a.stepMs = stepMs;
        b.stepMs = stepMs;
        long step = status().getStep();
        // Now and then a member waits a third of a second for another one.
        world.until(() -> status().getStep() > step + 1, 4 * stepMs + 2_000);
    }

    private void endsWithoutRepeating() {
        world.until("one", JobState.SUCCEEDED, 300_000);
        assertEquals(30, world.files("one").commits().size());
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void anEvaluationOfTheFirstIsGivenUpForIt() {
        train(40);
        a.evaluates = true;
        world.run(200);
        b.leave();
        a.evaluates = false;
        world.until(() -> !b.alive(), 3_000);
        world.until(() -> status().getWorkersCount() == 1, 1_000);
        endsWithoutRepeating();
    }

    @Test
    void aLongStepIsFinished() {
        train(6_000);
        long step = status().getStep();
        long generation = status().getGeneration();
        a.leave();
        world.until(() -> !a.alive(), 8_000);
        assertEquals(step + 1, world.files("one").commits().size());
        assertTrue(status().getGeneration() > generation);
        b.stepMs = 40;
        endsWithoutRepeating();
    }

    @Test
    void aStepThatTakesMostOfTheTimeThatIsLeftIsAbandonedAndDoneByTheOther() {
        train(30_000);
        long step = status().getStep();
        a.livesMs = 12_000;
        a.leave();
        world.until(() -> !a.alive(), 10_000);
        assertEquals(step, status().getStep(), "no step was finished for it");
        b.stepMs = 40;
        endsWithoutRepeating();
    }

    @Test
    void allOfThemGoAtOnceAndAnotherGoesOnWhereTheyWere() {
        train(40);
        a.leave();
        b.leave();
        world.until(() -> !a.alive() && !b.alive(), 4_000);
        assertEquals(JobState.QUEUED, status().getState());
        assertEquals(status().getStep(), status().getCheckpoint());
        world.worker("c");
        endsWithoutRepeating();
    }
}
