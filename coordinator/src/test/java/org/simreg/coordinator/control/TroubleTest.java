package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.job.RunFiles;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;
import org.simreg.proto.WorkerStatus;

/** The coordinator's answers to workers and jobs that have something wrong with them. */
class TroubleTest {
    private final World world = new World(2);

    private JobStatus status() {
        return world.coordinator().get("one");
    }

    private void fails(String part) {
        world.until("one", JobState.FAILED, 300_000);
        assertTrue(status().getReason().contains(part), status().getReason());
        world.run(200);
        world.workers.values().forEach(one -> assertEquals("", one.job()));
    }

    @Test
    void aCheckpointThatCannotBeWrittenStopsItsJobAndWithRoomItGoesOn() {
        world.worker("a");
        world.submit(World.job("one"));
        world.until("one", JobState.RUNNING, 3000);
        world.files("one").full = "Writing step-6 failed: No space left on device";
        fails("No space left on device");
        world.files("one").full = "";
        world.coordinator().resume("one");
        world.until("one", JobState.SUCCEEDED, 300_000);
    }

    @Test
    void aStepIsNotInTheLedgerWithoutItsEvent() {
        world.worker("a");
        world.submit(World.job("one"));
        world.until("one", JobState.RUNNING, 3000);
        world.files("one").unwritable =
                event -> event.hasStep() && event.getStep().getStep() == 7;
        fails("No space left on device");
        assertEquals(6, world.files("one").head().step());
        world.coordinator().resume("one");
        world.until("one", JobState.SUCCEEDED, 300_000);
        assertEquals(
                LongStream.rangeClosed(1, 30).boxed().toList(),
                events().filter(Progress::hasStep)
                        .map(event -> event.getStep().getStep())
                        .distinct()
                        .sorted()
                        .toList());
    }

    @Test
    void anEpochIsSaidToBeDoneAlsoIfTheCoordinatorIsKilledBefore() {
        world.worker("a");
        world.submit(World.job("one"));
        world.until("one", JobState.RUNNING, 3000);
        world.files("one").unwritable = Progress::hasEpoch;
        fails("No space left on device");
        assertEquals(10, world.files("one").head().step());
        world.coordinator().resume("one");
        world.until("one", JobState.SUCCEEDED, 300_000);
        assertEquals(
                List.of(1, 2, 3),
                events().filter(Progress::hasEpoch)
                        .map(event -> event.getEpoch().getEpoch())
                        .distinct()
                        .toList());
    }

    private Stream<Progress> events() {
        return world.files("one").events.stream().map(JobEvent::getProgress);
    }

    @Test
    void aRefusedCheckpointBringsNoStepIntoTheLedgerThatOnlySomeHaveReported() {
        world.worker("a");
        world.worker("b");
        world.submit(World.job("one"));
        world.until(() -> status().getStep() > 0, 10_000);
        for (int i = 0; i < 200 && status().getStep() < 25; i++) {
            world.run(1);
            long before = world.files("one").head().step();
            CheckpointHeader header = CheckpointHeader.newBuilder()
                    .setJob("one")
                    .setStep(before + 20)
                    .setGeneration(status().getGeneration())
                    .build();
            try (RunFiles.Upload upload = world.coordinator().put(header)) {
                upload.finish();
                Refused refused = MemoryFiles.refused(upload);
                assertEquals(Refused.Kind.UNAVAILABLE, refused.kind());
            }
            assertEquals(before, world.files("one").head().step());
        }
    }

    @Test
    void aWorkerThatMayNotIsLeftOutAndTheJobWaitsForOneThatMay() {
        FakeWorker without = world.worker("a");
        without.fails = Optional.of(JobFailed.newBuilder()
                .setReason("it takes no TorchScript files (--no-torchscript)")
                .setRefused(true)
                .setOnlyHere(true)
                .build());
        world.submit(World.job("one"));
        world.until(() -> !notices().isEmpty(), 10_000);
        assertEquals(List.of("The worker a is not used: it takes no TorchScript files (--no-torchscript)"), notices());
        world.run(20_000);
        assertEquals(JobState.QUEUED, status().getState());
        world.worker("b");
        world.until("one", JobState.SUCCEEDED, 60_000);
    }

    private List<String> notices() {
        return world.files("one").events.stream()
                .filter(event -> event.getProgress().hasNotice())
                .map(event -> event.getProgress().getNotice().getText())
                .toList();
    }

    private static Optional<JobFailed> failure(boolean refused) {
        return Optional.of(JobFailed.newBuilder()
                .setReason("the teacher is bad")
                .setRefused(refused)
                .build());
    }

    @Test
    void workersThatComputeOtherLossesStopTheJobByName() {
        world.worker("a");
        world.worker("b").lossError = 1e-6;
        world.submit(World.job("one"));
        fails("In step 1 ");
        assertTrue(status().getReason().contains("a computed the loss 1.0"), status().getReason());
        assertTrue(status().getReason().contains("b "), status().getReason());
    }

    @Test
    void workersWithOtherWeightsStopTheJobByName() {
        world.worker("a");
        world.worker("b").sha = "other";
        world.submit(World.job("one"));
        fails("After step 3 the weights of");
        assertEquals(2, status().getStep());
    }

    @Test
    void aJobThatItsFirstWorkerRefusesFailsAtOnce() {
        world.worker("a").fails = failure(true);
        world.submit(World.job("one"));
        fails("the teacher is bad");
        assertTrue(status().getRefused());
        world.workers.get("a").fails = Optional.empty();
        world.coordinator().resume("one");
        world.until("one", JobState.SUCCEEDED, 60_000);
    }

    @Test
    void aJobThatTakesARunOverNumbersItsGenerationsFromThereOn() {
        world.worker("a");
        world.submit(World.job("one"));
        world.until(() -> status().getStep() > 6, 10_000);
        world.coordinator().cancel("one");
        world.until("one", JobState.CANCELLED, 3000);
        Job.Builder again = World.job("two");
        again.getCheckpointsBuilder().setOutput("runs/one");
        world.coordinator()
                .submit(SubmitRequest.newBuilder()
                        .setJob(again)
                        .setExisting(SubmitRequest.Existing.RESUME)
                        .build());
        world.until("two", JobState.SUCCEEDED, 60_000);
        assertEquals(2, world.coordinator().get("two").getGeneration());
        assertEquals(0, world.files("two").rewinds());
        assertEquals(30, world.files("two").commits().size());
    }

    @Test
    void aJobThatOnlyALaterWorkerRefusesGoesOnWithoutIt() {
        world.worker("a");
        world.submit(World.job("one"));
        world.until(() -> status().getStep() > 2, 10_000);
        world.worker("b").fails = failure(true);
        world.until(() -> !notices().isEmpty(), 10_000);
        assertTrue(notices().contains("The worker b is not used: the teacher is bad"));
        world.until("one", JobState.SUCCEEDED, 60_000);
    }

    @Test
    void aJobThatTwoWorkersRefuseFails() {
        world.worker("a");
        world.submit(World.job("one"));
        world.until(() -> status().getStep() > 2, 10_000);
        world.worker("b").fails = failure(true);
        world.worker("c").fails = failure(true);
        fails("the teacher is bad");
    }

    @Test
    void aWorkerThatFailsIsTriedThreeTimesMore() {
        FakeWorker worker = world.worker("a");
        worker.fails = failure(false);
        world.submit(World.job("one"));
        world.until(() -> !notices().isEmpty(), 10_000);
        assertEquals(JobState.QUEUED, status().getState());
        fails("The worker a failed again and again: the teacher is bad");
        assertFalse(status().getRefused());
        worker.fails = Optional.empty();
        world.coordinator().resume("one");
        world.until("one", JobState.SUCCEEDED, 60_000);
    }

    @Test
    void workersThatNeverReachEachOtherStopTheJob() {
        world.worker("a");
        world.worker("b").isolated = true;
        world.submit(World.job("one"));
        fails("don't reach each other");
        assertTrue(status().getGeneration() >= 5);
    }

    @Test
    void aWorkerThatSeesOtherImagesIsNotUsedAndPeopleAreTold() {
        world.worker("a");
        world.submit(World.job("one"));
        world.until(() -> status().getStep() > 2, 10_000);
        FakeWorker other = world.worker("b");
        other.data = "others";
        world.until("one", JobState.SUCCEEDED, 60_000);
        assertTrue(notices().stream().anyMatch(text -> text.startsWith("The worker b is not used")));
        assertEquals(1, status().getGeneration());
    }

    @Test
    void anExactJobDoesNotMixProfilesAndSaysSo() {
        world.worker("a");
        Job.Builder job = World.job("one");
        job.getOptimizationBuilder().setEpochs(20);
        world.submit(job);
        world.until(() -> status().getStep() > 2, 10_000);
        FakeWorker other = new FakeWorker(world, "b");
        other.profile = "gpu";
        world.workers.put("b", other);
        other.start();
        world.until(() -> world.coordinator().workers().getWorkersCount() == 2, 3000);
        world.run(500);
        WorkerStatus idle = world.coordinator().workers().getWorkers(1);
        assertEquals(WorkerStatus.State.IDLE, idle.getState());
        assertEquals("one: its profile is gpu, and the job has to keep cpu-1", idle.getReason());
        world.workers.get("a").kill();
        world.run(3000);
        assertEquals(JobState.QUEUED, status().getState());
        assertTrue(status().getReason().contains("its profile is gpu"), status().getReason());
    }

    @Test
    void aWorkerWhoseDeviceIsBrokenGetsNoJobAndSaysWhy() {
        FakeWorker broken = new FakeWorker(world, "a");
        broken.leftOut = "cuda:0 has failed 2 times within a day";
        world.workers.put("a", broken);
        broken.start();
        world.until(() -> world.coordinator().workers().getWorkersCount() == 1, 3000);
        WorkerStatus idle = world.coordinator().workers().getWorkers(0);
        assertEquals(WorkerStatus.State.BROKEN, idle.getState());
        assertEquals(broken.leftOut, idle.getReason());
        world.submit(World.job("one"));
        world.run(500);
        assertEquals(JobState.QUEUED, status().getState());
        assertTrue(status().getReason().contains("(a: " + broken.leftOut + ")"), status().getReason());
        world.worker("b");
        world.until("one", JobState.SUCCEEDED, 60_000);
    }

    @Test
    void aJobThatNeedNotBeExactTakesAnyProfile() {
        world.worker("a");
        FakeWorker other = new FakeWorker(world, "b");
        other.profile = "gpu";
        world.workers.put("b", other);
        other.start();
        Job.Builder job = World.job("one").setExact(false);
        world.submit(job);
        world.until(() -> status().getWorkersCount() == 2, 10_000);
        world.until("one", JobState.SUCCEEDED, 60_000);
    }

    @Test
    void aJobWaitsForTheWorkersItNeedsAndSaysHowManyThereAre() {
        world.worker("a");
        Job.Builder job = World.job("one");
        job.getPlacementBuilder().setMinWorkers(2);
        world.submit(job);
        world.run(2000);
        assertEquals("needs 2 workers, 1 is free", status().getReason());
        world.worker("b");
        world.until("one", JobState.SUCCEEDED, 60_000);
    }

    @Test
    void aBackfilledJobYieldsItsWorkersAndComesBackWithoutLosingAStep() {
        world.worker("a");
        Job.Builder head = World.job("one");
        head.getPlacementBuilder().setMinWorkers(2).setPriority(9);
        world.submit(head);
        world.submit(World.job("two"));
        world.until(() -> world.coordinator().get("two").getStep() > 4, 10_000);
        world.worker("b");
        world.until(() -> status().getState() == JobState.RUNNING, 10_000);
        assertEquals(JobState.QUEUED, world.coordinator().get("two").getState());
        world.until("one", JobState.SUCCEEDED, 60_000);
        world.until("two", JobState.SUCCEEDED, 60_000);
        assertEquals(0, world.files("two").rewinds());
    }

    @Test
    void exportsThatCantBeWrittenFailTheJobAndAreTriedAgainWithoutWorkers() {
        world.worker("a");
        world.submit(World.job("one"));
        MemoryFiles files = world.files("one");
        var good = files.exports;
        files.exports = CompletableFuture.failedFuture(new UserError("The disk is full"));
        fails("The disk is full");
        world.workers.get("a").kill();
        files.exports = good;
        world.coordinator().resume("one");
        world.until("one", JobState.SUCCEEDED, 3000);
    }
}
