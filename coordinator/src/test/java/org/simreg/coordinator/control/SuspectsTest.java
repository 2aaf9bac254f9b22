package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.Report;
import org.simreg.proto.Suspected;

/** Images that processes were decoding when they ended. */
class SuspectsTest {
    private static final String IMAGE = "/data/train/a/7.png";

    private final World world = new World(3);

    private void runs() {
        Job.Builder job = World.job("one");
        job.getOptimizationBuilder().setEpochs(1000);
        world.submit(job);
        world.until("one", JobState.RUNNING, 3000);
    }

    private int marks;

    private void says(FakeWorker worker, String image, boolean cleared) {
        Report.Builder report = Report.newBuilder()
                .setSuspected(Suspected.newBuilder()
                        .setJob("one")
                        .setImage(image)
                        .setCleared(cleared)
                        .setMark("mark-" + marks++));
        worker.send(report);
        // As after a stream that broke.
        worker.send(report);
        world.run(300);
    }

    private JobState state() {
        return world.coordinator().get("one").getState();
    }

    @Test
    void aPictureThatHasEndedAWorkerTwiceFailsItsJobByName() {
        FakeWorker a = world.worker("a");
        runs();
        FakeWorker idle = world.worker("b");
        says(a, IMAGE, false);
        assertEquals(JobState.RUNNING, state());
        says(idle, "/data/train/a/8.png", false);
        assertEquals(JobState.RUNNING, state(), "another picture");
        says(idle, IMAGE, false);
        assertEquals(JobState.FAILED, state());
        String reason = world.coordinator().get("one").getReason();
        assertTrue(reason.startsWith("The picture " + IMAGE + " has ended a worker twice"), reason);
        world.coordinator().resume("one");
        world.until("one", JobState.RUNNING, 20_000);
        says(a, IMAGE, false);
        assertEquals(JobState.RUNNING, state(), "it counts anew");
    }

    @Test
    void aPictureThatWasDecodedInBetweenIsNoneOfThem() {
        FakeWorker a = world.worker("a");
        runs();
        says(a, IMAGE, false);
        world.worker("c");
        world.run(3000);
        assertTrue(a.generation.getSuspectsList().contains(IMAGE), "whoever decodes it must tell");
        says(a, IMAGE, true);
        says(a, IMAGE, false);
        assertEquals(JobState.RUNNING, state());
        says(a, IMAGE, false);
        assertEquals(JobState.FAILED, state());
    }
}
