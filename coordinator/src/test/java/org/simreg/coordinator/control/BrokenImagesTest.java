package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.simreg.proto.BrokenImage;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.Report;
import org.simreg.proto.Told;

/** Images that workers can't read, which are counted over all of them. */
class BrokenImagesTest {
    private final World world = new World(2);

    private void tells(FakeWorker worker, boolean train, int from, int to) {
        for (int i = from; i < to; i++) {
            String file = "/data/" + (train ? "train/" : "val/") + i + ".jpg";
            worker.send(Report.newBuilder()
                    .setTold(Told.newBuilder()
                            .setJob("one")
                            .setText(file + " can't be used: the file is empty")
                            .setBroken(BrokenImage.newBuilder().setFile(file).setTrain(train))));
        }
        world.run(500);
    }

    @Test
    void whatEachWorkerFoundIsAddedUpAndStopsTheJobBeyondItsBound() {
        FakeWorker a = world.worker("a");
        FakeWorker b = world.worker("b");
        Job.Builder job = World.job("one");
        job.getOptimizationBuilder().setEpochs(1000);
        world.submit(job);
        world.until("one", JobState.RUNNING, 3000);
        tells(a, true, 0, 6);
        tells(b, true, 2, 10);
        tells(b, false, 0, 50);
        assertEquals(JobState.RUNNING, world.coordinator().get("one").getState());
        tells(a, true, 10, 11);
        assertEquals(JobState.FAILED, world.coordinator().get("one").getState());
        String reason = world.coordinator().get("one").getReason();
        assertTrue(
                reason.startsWith("11 of the 100 images can't be read by the workers so far, /data/train/10.jpg"),
                reason);
        assertTrue(reason.contains("dataset.max_broken allows 0.1 of all"), reason);
    }
}
