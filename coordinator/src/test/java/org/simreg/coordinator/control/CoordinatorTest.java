package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.Generation;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;

/** The coordinator of one job whose workers come, go, die and wake. */
class CoordinatorTest {
    private final World world = new World(1);

    private JobStatus status() {
        return world.coordinator().get("one");
    }

    private void trains(String... names) {
        for (String name : names) {
            world.worker(name);
        }
        world.submit(World.job("one"));
        world.until(() -> status().getStep() >= 6, 20_000);
        assertEquals(names.length, status().getWorkersCount());
    }

    private void succeeds() {
        world.until("one", JobState.SUCCEEDED, 120_000);
        assertEquals(30, world.files("one").commits().size());
    }

    @Test
    void oneWorkerTrainsAJobToItsEnd() {
        trains("a");
        succeeds();
        assertEquals("student", status().getSha256());
        assertEquals(30, status().getCheckpoint());
        assertEquals(1, status().getGeneration());
        assertEquals(
                3,
                world.files("one").events.stream()
                        .filter(e -> e.getProgress().hasEpoch())
                        .count());
    }

    @Test
    void aNewcomerGetsTheStateFromAPeerAndNoStepIsDoneTwice() {
        trains("a");
        long before = status().getStep();
        world.worker("b");
        world.until(() -> status().getWorkersCount() == 2, 20_000);
        Generation second = world.store.records.get("one").getGeneration();
        assertEquals(Generation.State.HELD, second.getMembers(0).getState());
        assertEquals(Generation.State.PEER, second.getMembers(1).getState());
        assertEquals("a", second.getMembers(1).getPeer());
        assertTrue(second.getStep() >= before);
        succeeds();
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void aKilledWorkerCostsNoStepOfTheLedger() {
        trains("a", "b");
        world.workers.get("a").kill();
        world.until(() -> status().getWorkersCount() == 1, 3000);
        assertEquals("b", status().getWorkers(0));
        succeeds();
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void aFrozenWorkerIsLostAndWhenItWakesItDoesNoHarm() {
        trains("a", "b");
        world.workers.get("a").freeze();
        world.until(() -> status().getWorkersCount() == 1, 3000);
        world.run(300);
        world.workers.get("a").wake();
        succeeds();
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void aLeavingWorkerStaysUntilTheOthersGoOnWithoutIt() {
        trains("a", "b");
        world.workers.get("a").leave();
        world.until(() -> !world.workers.get("a").alive(), 3000);
        assertEquals(1, status().getWorkersCount());
        succeeds();
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void theLastOneThatLeavesStoresACheckpointBefore() {
        trains("a");
        world.workers.get("a").leave();
        world.until(() -> !world.workers.get("a").alive(), 3000);
        assertEquals(JobState.QUEUED, status().getState());
        assertEquals(status().getStep(), status().getCheckpoint());
        assertEquals("needs 1 worker, none is free", status().getReason());
        world.worker("b");
        succeeds();
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void whenAllAreKilledTheJobGoesBackToTheCheckpointAndTheLedgerSaysSo() {
        trains("a", "b");
        world.until(() -> status().getStep() >= 8, 5000);
        world.workers.get("a").kill();
        world.workers.get("b").kill();
        world.until("one", JobState.QUEUED, 3000);
        world.worker("c");
        succeeds();
        MemoryFiles files = world.files("one");
        assertEquals(1, files.rewinds());
        LedgerEntry.Rewind rewind = files.ledger.stream()
                .filter(LedgerEntry::hasRewind)
                .findFirst()
                .orElseThrow()
                .getRewind();
        assertEquals(5, rewind.getStep());
        assertEquals(2, rewind.getGeneration());
    }

    @Test
    void aRestartedCoordinatorTakesOverWithoutANewGeneration() {
        trains("a", "b");
        world.down(true);
        world.run(700);
        world.up();
        world.run(1000);
        assertEquals(1, status().getGeneration());
        succeeds();
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void whoDoesNotComeBackAfterARestartIsLostAfterTheGrace() {
        trains("a", "b");
        world.down(false);
        world.workers.get("b").kill();
        world.run(500);
        world.up();
        world.run(4000);
        assertEquals(1, status().getGeneration());
        world.until(() -> status().getWorkersCount() == 1, 3000);
        succeeds();
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void everythingKilledAtOnceComesBackFromJournalAndCheckpoint() {
        trains("a", "b");
        world.down(true);
        world.workers.values().forEach(FakeWorker::kill);
        world.run(2000);
        world.up();
        world.workers.values().forEach(FakeWorker::start);
        succeeds();
    }

    @Test
    void aBrokenStreamOfAWorkerThatAttendsAgainAtOnceCostsNoStep() {
        trains("a", "b");
        world.workers.get("b").disconnect();
        succeeds();
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void aPausedJobFreesItsWorkersAndGoesOnWhereItWas() {
        trains("a", "b");
        world.coordinator().pause("one");
        world.until("one", JobState.PAUSED, 3000);
        JobStatus paused = status();
        assertEquals(paused.getStep(), paused.getCheckpoint());
        world.run(500);
        assertEquals("", world.workers.get("a").job());
        world.coordinator().resume("one");
        succeeds();
        assertEquals(0, world.files("one").rewinds());
    }

    @Test
    void anotherPriorityOutlivesTheCoordinatorAndLeavesTheSettingsAlone() {
        trains("a");
        JobStatus before = status();
        assertEquals(7, world.coordinator().prioritize("one", 7).getPriority());
        assertThrows(UserError.class, () -> world.coordinator().prioritize("one", 1001));
        world.down(true);
        world.run(500);
        world.up();
        assertEquals(7, status().getPriority());
        assertEquals(before.getJob(), status().getJob());
        succeeds();
        assertEquals(
                Refused.Kind.STATE,
                assertThrows(Refused.class, () -> world.coordinator().prioritize("one", 8))
                        .kind());
    }

    @Test
    void aPauseIsNotForgottenByACoordinatorThatIsKilled() {
        trains("a");
        world.coordinator().pause("one");
        world.down(true);
        world.run(500);
        world.up();
        world.until("one", JobState.PAUSED, 10_000);
    }

    @Test
    void aCancelledJobCanBeResumedAndASucceededOneCannot() {
        trains("a");
        world.coordinator().cancel("one");
        world.until("one", JobState.CANCELLED, 3000);
        assertNotEquals(0, status().getEndedMs());
        Refused paused = assertThrows(Refused.class, () -> world.coordinator().pause("one"));
        assertEquals(
                "The job one can't be paused: it is cancelled, from where it can only be resumed", paused.getMessage());
        world.coordinator().resume("one");
        succeeds();
        Refused over = assertThrows(Refused.class, () -> world.coordinator().resume("one"));
        assertEquals(Refused.Kind.STATE, over.kind());
    }

    @Test
    void aCheckpointOfASupersededGenerationIsNotStored() {
        trains("a", "b");
        CheckpointHeader header = CheckpointHeader.newBuilder()
                .setJob("one")
                .setGeneration(1)
                .setStep(6)
                .build();
        var upload = world.coordinator().put(header);
        world.workers.get("b").kill();
        world.until(() -> status().getGeneration() == 2, 3000);
        Refused refused = MemoryFiles.refused(upload);
        assertEquals(Refused.Kind.STATE, refused.kind());
        upload.close();
        assertFalse(world.files("one").checkpoints.containsKey(6L));
        assertThrows(Refused.class, () -> world.coordinator().put(header));
    }
}
