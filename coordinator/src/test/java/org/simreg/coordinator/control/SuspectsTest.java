package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.simreg.proto.Job;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobState;
import org.simreg.proto.Report;
import org.simreg.proto.Suspected;

/** Jobs that end their workers, at an image, while they are loaded, or before a step is done; or whose storage hangs. */
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

    @Test
    void howeverOftenTeachersEndAWorkerThatOnlyHelpsTheJobGoesOn() {
        world.worker("a");
        runs();
        FakeWorker small = world.helperOnly("small", 1);
        world.run(300);
        for (int i = 0; i < 6; i++) {
            says(small, "", false);
        }
        assertEquals(JobState.RUNNING, state());
    }

    @Test
    void aJobWhoseLoadingHasEndedFourProcessesInARowFailsWithItsTeachers() {
        FakeWorker a = world.worker("a");
        runs();
        for (int time = 0; time < 3; time++) {
            says(a, "", false);
        }
        world.worker("b");
        world.until(() -> world.workers.get("b").loaded, 20_000);
        for (int time = 0; time < 3; time++) {
            says(a, "", false);
            assertEquals(JobState.RUNNING, state(), "somebody has loaded it in between");
        }
        says(a, "", false);
        assertEquals(JobState.FAILED, state());
        String reason = world.coordinator().get("one").getReason();
        String source = world.coordinator().get("one").getJob().getTeachers(0).getSource();
        assertTrue(reason.startsWith("Four processes in a row ended while they loaded the job"), reason);
        assertTrue(reason.contains("(" + source + ")"), reason);
        world.coordinator().resume("one");
        world.until("one", JobState.RUNNING, 20_000);
    }

    @Test
    void aJobThatEndsItsWorkersRestsSoThatTheNextHasThem() {
        FakeWorker only = world.worker("a");
        world.submit(World.job("one"));
        world.submit(World.job("two"));
        // It ends whoever begins with it, however often that is started again.
        for (int time = 0; time < 40 && world.coordinator().get("two").getState() != JobState.SUCCEEDED; time++) {
            world.until(() -> !only.job().isEmpty(), 400_000);
            if (only.job().equals("one")) {
                only.kill();
                world.run(3000);
                only.start();
            } else {
                world.until("two", JobState.SUCCEEDED, 300_000);
            }
        }
        assertEquals(JobState.SUCCEEDED, world.coordinator().get("two").getState());
        assertEquals(JobState.QUEUED, state(), "it isn't failed: its workers may have been ended by others");
        world.until("one", JobState.SUCCEEDED, 400_000);
    }

    private static void unanswered(FakeWorker worker) {
        worker.send(Report.newBuilder()
                .setFailed(JobFailed.newBuilder()
                        .setJob("one")
                        .setGeneration(worker.generation == null ? 0 : worker.generation.getNumber())
                        .setReason("/mount/data gives no answer; look at its storage")
                        .setNoAnswer(true)));
    }

    @Test
    void aJobWhoseStorageGivesNoAnswerRestsSoThatTheNextHasItsWorkers() {
        FakeWorker only = world.worker("a");
        world.submit(World.job("one"));
        world.submit(World.job("two"));
        int patienceMs = 0;
        for (int time = 0; time < 40 && world.coordinator().get("two").getState() != JobState.SUCCEEDED; time++) {
            world.until(() -> !only.job().isEmpty(), 400_000);
            if (only.job().equals("one")) {
                assertEquals(patienceMs, only.storagePatienceMs);
                patienceMs = Math.min(60_000, Math.max(10_000, 2 * patienceMs));
                unanswered(only);
                world.run(3000);
                assertEquals(
                        "it rests, because its storage gives no answer",
                        world.coordinator().get("one").getReason());
            } else {
                world.until("two", JobState.SUCCEEDED, 300_000);
            }
        }
        assertEquals(JobState.SUCCEEDED, world.coordinator().get("two").getState());
        world.until("one", JobState.SUCCEEDED, 400_000);
    }

    @Test
    void aMemberWhoseStorageGivesNoAnswerIsGivenToOthersAndTheJobGoesOn() {
        FakeWorker a = world.worker("a");
        world.worker("b");
        Job.Builder job = World.job("one");
        job.getOptimizationBuilder().setEpochs(1000);
        world.submit(job);
        world.until(() -> a.generation != null && a.generation.getMembersCount() == 2, 60_000);
        long before = world.coordinator().get("one").getStep();
        unanswered(a);
        world.until(() -> world.coordinator().get("one").getStep() > before + 5, 9000);
        assertEquals("", a.job(), "for twenty seconds it isn't asked again");
        world.until(() -> a.job().equals("one"), 60_000);
    }

    @Test
    void aWorkerWhoseMountHangsDoesNotKeepAJobFromThoseThatHaveItsFiles() {
        FakeWorker broken = world.worker("a");
        world.worker("b");
        world.submit(World.job("one"));
        for (int time = 0; time < 200 && state() != JobState.SUCCEEDED; time++) {
            if (broken.job().equals("one") && broken.generation() == 0) {
                unanswered(broken);
            }
            world.run(500);
        }
        assertEquals(JobState.SUCCEEDED, state());
    }
}
