package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.simreg.coordinator.job.JobWatch;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;

/** One job with something wrong, and another that must not notice. */
class FencesTest {
    private final World world = new World(3);

    private JobStatus bad() {
        return world.coordinator().get("bad");
    }

    private void submitBoth() {
        world.worker("a");
        var large = World.job("bad");
        large.getOptimizationBuilder().setEpochs(100);
        large.getPlacementBuilder().setPriority(9);
        world.submit(large);
        world.until("bad", JobState.RUNNING, 3000);
        world.submit(World.job("good"));
    }

    @Test
    void aJobWhoseFilesThrowAnythingAndWhoseEndCanNotBeRecordedHoldsUpNobody() {
        submitBoth();
        world.files("bad").broken = Optional.of(new StackOverflowError("what a bug throws"));
        world.store.refused.add("bad");
        world.until("good", JobState.SUCCEEDED, 300_000);
        assertTrue(bad().getReason().contains("has failed, which can't be recorded"), bad().getReason());
        assertTrue(bad().getReason().contains("what a bug throws"), bad().getReason());
        world.down(false);
        world.up();
        world.submit(World.job("third"));
        world.until("third", JobState.SUCCEEDED, 300_000);
        world.store.refused.clear();
        world.until("bad", JobState.FAILED, 3000);
        assertTrue(bad().getReason().contains("what a bug throws"), bad().getReason());
        world.files("bad").broken = Optional.empty();
        world.coordinator().resume("bad");
        world.until("bad", JobState.SUCCEEDED, 300_000);
    }

    @Test
    void whoWatchesAJobCanNotStopIt() throws Exception {
        submitBoth();
        AutoCloseable watch = world.coordinator().watch("bad", 0, new JobWatch.Watcher() {
            private int events;

            @Override
            public boolean event(JobEvent event) {
                if (++events > 5) {
                    throw new IllegalStateException("call already closed");
                }
                return true;
            }

            @Override
            public void whenReady(Runnable more) {}

            @Override
            public void ended() {}
        });
        world.until("bad", JobState.SUCCEEDED, 600_000);
        watch.close();
    }

    @Test
    void whileADiskIsSlowStepsWaitToBeAcknowledgedAndALostWorkerIsNoticed() {
        FakeWorker worker = world.worker("a");
        world.submit(World.job("bad"));
        world.until(() -> bad().getStep() > 3, 10_000);
        CompletableFuture<Void> disk = new CompletableFuture<>();
        world.files("bad").disk = disk;
        world.run(1000);
        long step = bad().getStep();
        worker.kill();
        world.until(() -> world.coordinator().workers().getWorkersCount() == 0, 3000);
        assertEquals(step, bad().getStep());
        world.files("bad").disk = CompletableFuture.completedFuture(null);
        disk.complete(null);
        worker.start();
        world.until("bad", JobState.SUCCEEDED, 60_000);
        assertEquals(30, world.files("bad").commits().size());
    }

    @Test
    void aGenerationIsNotBegunBeforeItsLedgerIsDurableAndOthersDoNotWaitForThat() {
        FakeWorker first = world.worker("a");
        world.submit(World.job("bad"));
        world.until(() -> bad().getStep() > 3, 10_000);
        world.worker("b");
        CompletableFuture<Void> disk = new CompletableFuture<>();
        world.until(() -> first.halted, 20_000);
        world.files("bad").disk = disk;
        long before = bad().getGeneration();
        world.run(4000);
        assertTrue(first.halted, "it waits for the generation that is being written");
        assertEquals(before, bad().getGeneration());
        world.submit(World.job("good"));
        assertEquals(JobState.QUEUED, world.coordinator().get("good").getState());
        world.files("bad").disk = CompletableFuture.completedFuture(null);
        disk.complete(null);
        world.until(() -> bad().getGeneration() > before, 3000);
        world.until("bad", JobState.SUCCEEDED, 60_000);
        assertEquals(30, world.files("bad").commits().size());
    }

    @Test
    void aDiskThatHangsIsSaidAndItsJobCanBeCancelledAndGoesOnWhenItAnswers() {
        submitBoth();
        world.until(() -> bad().getStep() > 3, 10_000);
        CompletableFuture<Void> disk = new CompletableFuture<>();
        world.files("bad").disk = disk;
        world.run(20_000);
        assertEquals(JobState.RUNNING, bad().getState());
        assertTrue(
                bad().getReason().matches("waits for its run folder .*bad, which does not answer, for \\d+ s now"),
                bad().getReason());
        world.worker("b");
        world.until("good", JobState.SUCCEEDED, 300_000);
        world.files("bad").disk = CompletableFuture.completedFuture(null);
        disk.complete(null);
        long before = bad().getStep();
        world.until(() -> bad().getStep() > before + 10, 60_000);
        assertTrue(world.files("bad").events.stream()
                .anyMatch(event ->
                        event.getProgress().getNotice().getText().startsWith("The run folder did not answer for")));
        CompletableFuture<Void> again = new CompletableFuture<>();
        world.files("bad").disk = again;
        world.run(20_000);
        world.coordinator().cancel("bad");
        assertEquals(JobState.CANCELLED, bad().getState());
        world.run(1000);
        world.workers.values().forEach(one -> assertEquals("", one.job()));
        world.files("bad").disk = CompletableFuture.completedFuture(null);
        again.complete(null);
        world.run(1000);
        world.coordinator().resume("bad");
        world.until("bad", JobState.SUCCEEDED, 600_000);
        assertEquals(1000, world.files("bad").commits().size());
    }

    @ParameterizedTest
    @EnumSource(
            value = JobState.class,
            names = {"PAUSED", "CANCELLED", "SUCCEEDED", "FAILED"})
    void aJobHasEndedWhenItsFilesAreDurableAndOthersDoNotWaitForThat(JobState end) {
        FakeWorker worker = world.worker("a");
        world.submit(World.job("bad"));
        world.until(() -> bad().getStep() > 3, 10_000);
        MemoryFiles files = world.files("bad");
        CompletableFuture<Void> disk = new CompletableFuture<>();
        files.unwritable = event -> {
            boolean fails = end == JobState.FAILED && event.getStep().getStep() == 9;
            if (fails || event.getState().getState() == end) {
                files.disk = disk;
            }
            return fails;
        };
        switch (end) {
            case PAUSED -> world.coordinator().pause("bad");
            case CANCELLED -> world.coordinator().cancel("bad");
            default -> world.submit(World.job("good"));
        }
        world.until(() -> files.disk == disk && worker.job().isEmpty(), 20_000);
        assertEquals(JobState.RUNNING, bad().getState());
        if (end == JobState.PAUSED || end == JobState.CANCELLED) {
            world.submit(World.job("good"));
        }
        world.run(1000);
        assertEquals(JobState.RUNNING, world.coordinator().get("good").getState());
        assertEquals(JobState.RUNNING, bad().getState());
        files.disk = CompletableFuture.completedFuture(null);
        disk.complete(null);
        world.until("bad", end, 1000);
        world.until("good", JobState.SUCCEEDED, 60_000);
    }
}
