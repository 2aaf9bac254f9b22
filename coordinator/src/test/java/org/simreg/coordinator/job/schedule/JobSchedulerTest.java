package org.simreg.coordinator.job.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simreg.coordinator.job.schedule.ScheduledJob.GATHER;
import static org.simreg.coordinator.job.schedule.ScheduledJob.GRACE;
import static org.simreg.coordinator.job.schedule.ScheduledJob.NOW;
import static org.simreg.coordinator.job.schedule.ScheduledJob.TOTAL;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.coordinator.job.schedule.Phase.HaltReason;
import org.simreg.coordinator.job.schedule.Phase.Halting;
import org.simreg.coordinator.job.schedule.Phase.Idle;
import org.simreg.coordinator.job.schedule.Phase.Training;
import org.simreg.proto.Generation;

/** Every transition of a job's phase, each with its decision and its sentence. */
class JobSchedulerTest {
    private static String sources(Generation generation) {
        StringBuilder text = new StringBuilder();
        for (Generation.Member member : generation.getMembersList()) {
            text.append(member.getWorker()).append('=').append(member.getState());
            text.append(member.getPeer().isEmpty() ? "" : "<" + member.getPeer())
                    .append(' ');
        }
        return text.toString().strip();
    }

    // Idle

    @Test
    void aNewJobBeginsFreshWithWhoIsReady() {
        Decision.Begin begin = new ScheduledJob().ready("a").ready("b").begins("the job begins with a, b");
        assertEquals(new Training(0), begin.then());
        assertEquals("a=FRESH b=FRESH", sources(begin.generation()));
        assertEquals(0, begin.generation().getStep());
    }

    @Test
    void aJobWithTooFewWorkersWaitsForThem() {
        ScheduledJob story =
                new ScheduledJob().least(2).phase(new Idle(7, false)).ready("a").preparing("b");
        assertEquals(
                new Decision.AwaitWorkers(new Idle(7, false), "waits until 2 of its workers are ready, 1 are"),
                story.decide());
    }

    @Test
    void aJobThatMayNotTrainSaysWhatTheAllotmentSays() {
        ScheduledJob story =
                new ScheduledJob().unserved("needs 1 worker, none is free").ready("a");
        assertEquals(new Decision.AwaitWorkers(new Idle(NOW, false), "needs 1 worker, none is free"), story.decide());
    }

    @Test
    void theFirstWaitsAMomentForAnotherThatIsAboutToBeReady() {
        new ScheduledJob().ready("a").preparing("b").waits("more workers are about to be ready");
        new ScheduledJob()
                .member("a", new WorkerState.Ready(), NOW - GATHER, true)
                .preparing("b")
                .begins("the job begins with a");
    }

    @Test
    void aJobWhoseStateNobodyHoldsWaitsBeforeItTakesStepsBack() {
        ScheduledJob lost =
                new ScheduledJob().generation(0, 20, "a", "b").checkpoint(10).ready("c");
        lost.phase(new Idle(NOW - GRACE + 1, false)).waits("waits for a worker that holds step 20");
        Decision.Begin begin = lost.phase(new Idle(NOW - GRACE, false)).begins("c joined, a, b left");
        assertTrue(begin.rewinds());
        assertEquals(10, begin.generation().getStep());
        assertEquals("c=CHECKPOINT", sources(begin.generation()));
    }

    @Test
    void aJobPutDownWhileNobodyTrainsIsReleased() {
        assertEquals(
                new Decision.Release(HaltReason.PAUSE, "after step 0"),
                new ScheduledJob().asked(HaltReason.PAUSE).ready("a").decide());
        assertEquals(
                new Decision.Release(HaltReason.CANCEL, "after step 20"),
                new ScheduledJob()
                        .generation(0, 20, "a")
                        .checkpoint(20)
                        .asked(HaltReason.CANCEL)
                        .halted("a", 20)
                        .decide());
    }

    // Training

    private static ScheduledJob training(String... workers) {
        ScheduledJob story = new ScheduledJob().phase(new Training(0)).generation(0, 20, workers);
        for (String worker : workers) {
            story.trains(worker, 20);
        }
        return story;
    }

    @Test
    void aGenerationThatIsWholeTrainsOn() {
        training("a", "b").waits("trains on a, b");
        training("a", "b", "c", "d", "e", "f").waits("trains on a, b, c, d and 2 more");
    }

    @Test
    void afterAStartOfTheCoordinatorMembersAreWaitedForAndThenGoOn() {
        ScheduledJob back = new ScheduledJob().phase(new Training(NOW + 1)).generation(0, 20, "a", "b");
        back.trains("a", 20).waits("waits for b to attend again");
        assertEquals(
                new Decision.Continue("all members of generation 1 are back"),
                back.trains("b", 20).decide());
    }

    @Test
    void membersThatDontComeBackInTimeAreLost() {
        new ScheduledJob()
                .phase(new Training(NOW))
                .generation(0, 20, "a", "b")
                .trains("a", 20)
                .stops(0, false, HaltReason.REFORM, "b lost");
    }

    @Test
    void aMemberThatStoppedByItselfEndsTheGenerationAtOnce() {
        new ScheduledJob()
                .phase(new Training(NOW + GRACE))
                .generation(0, 20, "a", "b")
                .trains("a", 20)
                .halted("b", 20)
                .stops(0, false, HaltReason.REFORM, "b stopped");
    }

    @Test
    void aLossWhileAPauseIsAskedForHaltsForThePause() {
        new ScheduledJob()
                .phase(new Training(0))
                .generation(0, 20, "a", "b")
                .trains("a", 20)
                .asked(HaltReason.PAUSE)
                .stops(0, false, HaltReason.PAUSE, "b lost");
    }

    @Test
    void whoAsksForAPauseOrACancelGetsACheckpoint() {
        training("a", "b").asked(HaltReason.PAUSE).stops(22, true, HaltReason.PAUSE, "was asked to stop");
        training("a", "b").asked(HaltReason.CANCEL).stops(22, true, HaltReason.CANCEL, "was asked to stop");
    }

    @Test
    void aJobThatMustYieldStoresWhatItHas() {
        training("a", "b")
                .unserved("needs 2 workers, 1 is free")
                .stops(22, true, HaltReason.YIELD, "needs 2 workers, 1 is free");
    }

    @Test
    void aMemberThatLeavesIsNotWaitedForBeyondItsStep() {
        ScheduledJob some = new ScheduledJob().phase(new Training(0)).generation(0, 20, "a", "b");
        some.trains("a", 20).member("b", new WorkerState.Holding(1, 20, false), NOW, false);
        some.stops(21, false, HaltReason.REFORM, "b leaves");
        ScheduledJob all = new ScheduledJob().phase(new Training(0)).generation(0, 20, "b");
        all.member("b", new WorkerState.Holding(1, 20, false), NOW, false);
        all.stops(21, true, HaltReason.REFORM, "b leaves");
    }

    @Test
    void aNewcomerJoinsUnlessTheEndIsNear() {
        training("a").ready("b").stops(22, false, HaltReason.REFORM, "b joins");
        training("a").ready("b").ledger(TOTAL - 2).waits("trains on a");
    }

    @Test
    void newcomersJoinTogether() {
        training("a").ready("b").preparing("c").waits("more workers are about to be ready");
    }

    // Halting

    private static ScheduledJob halting(long after, boolean checkpoint, HaltReason why) {
        return new ScheduledJob().phase(new Halting(after, checkpoint, why, 0)).generation(0, 20, "a", "b");
    }

    @Test
    void aHaltWaitsForWhoStillTrains() {
        halting(22, false, HaltReason.REFORM).trains("a", 21).halted("b", 22).waits("waits for a to stop");
    }

    @Test
    void aHaltThatMeetsALossIsAtOnce() {
        halting(22, false, HaltReason.REFORM).trains("a", 20).stops(0, false, HaltReason.REFORM, "b lost");
    }

    @Test
    void aHaltThatTakesTooLongForWhoLeavesIsAtOnce() {
        halting(21, false, HaltReason.REFORM)
                .trains("a", 20)
                .trains("b", 20)
                .stopBy(NOW)
                .stops(0, false, HaltReason.REFORM, "a, b don't come to the end of the step in time");
        halting(21, false, HaltReason.REFORM)
                .trains("a", 20)
                .trains("b", 20)
                .stopBy(NOW + 1)
                .waits("waits for a, b to stop");
    }

    @Test
    void aHaltForAnotherGenerationBecomesTheOneThatWasAskedFor() {
        halting(22, false, HaltReason.REFORM)
                .trains("a", 20)
                .trains("b", 20)
                .asked(HaltReason.CANCEL)
                .stops(22, true, HaltReason.CANCEL, "was asked to stop");
    }

    @Test
    void whoHasHaltedGoesOnWithTheNewcomerWhoAsksThemForTheState() {
        Decision.Begin begin = halting(20, false, HaltReason.REFORM)
                .halted("a", 20)
                .halted("b", 20)
                .ready("c")
                .begins("c joined");
        assertEquals("a=HELD b=HELD c=PEER<a", sources(begin.generation()));
        assertEquals(20, begin.generation().getStep());
        assertEquals(new Training(0), begin.then());
    }

    @Test
    void theSameWorkersGoOnAndALeaverIsNamed() {
        halting(20, false, HaltReason.REFORM).halted("a", 20).halted("b", 20).begins("the same workers go on");
        halting(20, false, HaltReason.REFORM).halted("a", 20).begins("b left");
    }

    @Test
    void aStateWhoseStepsAreNotReportedYetWaitsForTheReports() {
        halting(0, false, HaltReason.REFORM).halted("a", 21).waits("waits for the reports of a");
        ScheduledJob silent = halting(0, false, HaltReason.REFORM).checkpoint(20);
        silent.member("a", new WorkerState.Holding(1, 21, true), NOW - GRACE, true);
        Decision.Begin begin = silent.begins("b left");
        assertEquals("a=CHECKPOINT", sources(begin.generation()));
    }

    @Test
    void whatWouldBeLostIsWaitedForAfterTheHalt() {
        ScheduledJob lost = halting(0, false, HaltReason.REFORM).checkpoint(10).ready("c");
        assertEquals(
                new Decision.AwaitWorkers(new Idle(NOW, false), "waits for a worker that holds step 20"),
                lost.decide());
    }

    @Test
    void whatOnlyLeaversHoldIsStoredBeforeTheyGo() {
        ScheduledJob story = halting(22, true, HaltReason.PAUSE).checkpoint(10).ledger(20);
        story.asked(HaltReason.PAUSE).halted("a", 20);
        Decision.Begin begin = story.begins("stores a checkpoint before its workers go");
        assertEquals(new Halting(0, true, HaltReason.PAUSE, 1), begin.then());
        assertEquals("a=HELD", sources(begin.generation()));
    }

    @Test
    void aCheckpointIsTriedOnceAndThenTheJobIsReleasedOrWaits() {
        ScheduledJob paused = new ScheduledJob().phase(new Halting(0, true, HaltReason.PAUSE, 1));
        paused.generation(0, 20, "a").checkpoint(10).asked(HaltReason.PAUSE).halted("a", 20);
        assertEquals(new Decision.Release(HaltReason.PAUSE, "after step 20"), paused.decide());
        ScheduledJob yielded = new ScheduledJob().phase(new Halting(0, true, HaltReason.YIELD, 1));
        yielded.generation(0, 20, "a").checkpoint(10).halted("a", 20);
        yielded.unserved("needs 2 workers, 1 is free");
        assertEquals(new Decision.AwaitWorkers(new Idle(NOW, true), "needs 2 workers, 1 is free"), yielded.decide());
    }

    // The end

    @Test
    void aTrainedJobIsCompleteWhenEveryMemberHasReported() {
        ScheduledJob end = new ScheduledJob()
                .phase(new Training(0))
                .generation(0, TOTAL, "a", "b")
                .trained();
        end.trains("a", TOTAL).trains("b", TOTAL - 1).waits("b has not reported the last step yet");
        ScheduledJob done = new ScheduledJob()
                .phase(new Training(0))
                .generation(0, TOTAL, "a", "b")
                .trained();
        assertEquals(
                new Decision.Complete("all 100 steps are done"),
                done.trains("a", TOTAL).trains("b", TOTAL).decide());
    }

    @Test
    void aMemberThatDiesAfterTheLastStepDoesntKeepTheJobFromItsEnd() {
        ScheduledJob end = new ScheduledJob()
                .phase(new Training(0))
                .generation(0, TOTAL, "a", "b")
                .trained();
        assertEquals(
                new Decision.Complete("all 100 steps are done"),
                end.trains("a", TOTAL).decide());
    }

    @Test
    void nobodyReportsAStepOfAGenerationThatBeginsAfterTheLast() {
        ScheduledJob end = new ScheduledJob()
                .phase(new Training(0))
                .generation(TOTAL, TOTAL, "a")
                .trained();
        assertEquals(
                new Decision.Complete("all 100 steps are done"),
                end.trains("a", 0).decide());
    }

    // Who is let go

    @Test
    void whoIsNotNeededIsLetGoOnlyWhenNothingIsLostByIt() {
        WorkerState holds = new WorkerState.Holding(1, 20, true);
        ScheduledJob idle = new ScheduledJob().phase(new Idle(NOW, false)).generation(0, 20, "a");
        idle.member("a", holds, NOW, false);
        assertEquals(List.of(), JobScheduler.unneeded(idle.view()));
        assertEquals(1, JobScheduler.unneeded(idle.checkpoint(20).view()).size());
        ScheduledJob saved = new ScheduledJob().phase(new Idle(NOW, true)).generation(0, 20, "a");
        assertEquals(
                1,
                JobScheduler.unneeded(saved.member("a", holds, NOW, false).view())
                        .size());
        ScheduledJob halting = halting(0, true, HaltReason.YIELD).member("a", holds, NOW, false);
        assertEquals(List.of(), JobScheduler.unneeded(halting.view()));
        ScheduledJob training = training("a").member("b", new WorkerState.Ready(), NOW, false);
        assertEquals("b", JobScheduler.unneeded(training.view()).get(0).worker());
    }
}
