package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.LedgerEntry;

/** Disks without room: the job waits, says so, and goes on by itself. */
class RoomTest {
    private final World world = new World(4);

    @BeforeEach
    void train() {
        world.worker("a");
        world.worker("b");
        world.submit(World.job("one"));
        world.until(() -> status().getStep() > 3, 10_000);
    }

    private JobStatus status() {
        return world.coordinator().get("one");
    }

    private void waits(String file) {
        world.until(() -> status().getReason().startsWith("goes on by itself"), 10_000);
        world.run(100_000);
        assertEquals(JobState.RUNNING, status().getState());
        assertTrue(
                status().getReason()
                        .matches("goes on by itself when this works again: Writing " + file
                                + " failed: No space left on device, for 1\\d\\d s now"),
                status().getReason());
        assertFalse(world.workers.get("a").job().isEmpty(), "the workers keep what they have computed");
        assertTrue(status().getStep() > 3, "it says how far it is, not 0");
        assertEquals(
                world.files("one").commits().size(),
                status().getStep(),
                "as its ledger does, of which nothing was taken back");
    }

    private void goesOn() {
        world.room(() -> false);
        world.until("one", JobState.SUCCEEDED, 200_000);
        assertEquals(
                LongStream.rangeClosed(1, 30).boxed().toList(),
                world.files("one").commits().stream()
                        .map(LedgerEntry.Commit::getStep)
                        .toList());
        assertTrue(
                world.files("one").events.stream()
                        .anyMatch(event ->
                                event.getProgress().getNotice().getText().startsWith("The job has waited (Writing")),
                "the wait is told");
    }

    @Test
    void ofItsEventsAndLedger() {
        world.files("one").lacksRoom = () -> true;
        waits("(events.log|ledger.jsonl)");
        goesOn();
    }

    @Test
    void ofTheJournal() {
        world.store.lacksRoom = () -> true;
        world.workers.get("b").kill();
        waits("jobs.journal");
        goesOn();
    }

    @Test
    void atAnyOneOfTheWritesOfAJob() {
        for (int failing = 0; failing < 120; failing++) {
            World another = new World(failing);
            another.worker("a");
            another.submit(World.job("one"));
            another.room(countdown(failing));
            another.until("one", JobState.SUCCEEDED, 300_000);
            assertEquals(30, another.files("one").commits().size());
        }
    }

    /** So many writes find room, the next three don't, then all do. */
    private static BooleanSupplier countdown(int writes) {
        int[] left = {writes};
        return () -> --left[0] < 0 && left[0] >= -3;
    }

    @Test
    void aJobThatWaitsCanBeCancelledAndResumed() {
        world.files("one").lacksRoom = () -> true;
        waits("(events.log|ledger.jsonl)");
        world.coordinator().cancel("one");
        assertEquals(JobState.CANCELLED, status().getState());
        world.run(1000);
        world.room(() -> false);
        world.coordinator().resume("one");
        world.until("one", JobState.SUCCEEDED, 200_000);
        assertEquals(30, world.files("one").commits().size());
    }

    @Test
    void aWorkerThatLacksRoomTriesAgainUntilItHasSome() {
        World another = new World(5);
        FakeWorker worker = another.worker("a");
        worker.fails = Optional.of(JobFailed.newBuilder()
                .setReason("Writing /cache/x failed: No space left on device; make room")
                .setLacksRoom(true)
                .build());
        another.submit(World.job("one"));
        another.run(120_000);
        assertEquals(JobState.QUEUED, another.coordinator().get("one").getState());
        worker.fails = Optional.empty();
        another.until("one", JobState.SUCCEEDED, 200_000);
    }
}
