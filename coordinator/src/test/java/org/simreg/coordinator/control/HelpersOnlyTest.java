package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.WorkerStatus;

/** Workers that only help, each with some of a job's teachers. */
class HelpersOnlyTest extends HelpedJobs {
    /** Of two teachers, on the first worker. */
    private String two() {
        worker("a");
        Job.Builder two = job(1);
        two.addTeachersBuilder().setSource("other.pth");
        String job = world.submit(two).getId();
        world.until(() -> state("a") == WorkerStatus.State.TRAINING, SOON);
        return job;
    }

    private List<Integer> held(String worker) {
        return world.workers.get(worker).held;
    }

    @Test
    void aWorkerThatOnlyHelpsIsNeverAMember() {
        world.helperOnly("h", 1);
        String job = world.submit(job(2)).getId();
        world.run(5000);
        assertEquals(JobState.QUEUED, world.coordinator().get(job).getState());
        assertEquals(
                "needs 1 worker, none is free beside 1 that only help",
                world.coordinator().get(job).getReason());
        assertEquals(WorkerStatus.State.IDLE, state("h"));
        assertEquals(0, world.coordinator().attending());
        worker("a");
        world.until(() -> helpers(job).equals(List.of("h")), SOON);
        assertEquals(List.of("a"), world.coordinator().get(job).getWorkersList());
        world.workers.get("a").kill();
        world.until(job, JobState.QUEUED, SOON);
        world.run(3000);
        assertEquals(JobState.QUEUED, world.coordinator().get(job).getState(), "its helper can't go on with it");
        assertEquals(0, world.workers.get("h").generation());
        worker("b");
        world.until(() -> helpers(job).equals(List.of("h")), SOON);
        world.until(job, JobState.SUCCEEDED, 600_000);
        assertEquals(2, generation(job));
    }

    @Test
    void thoseThatOnlyHelpHoldOneTeacherEachAndKeepItWhileOthersComeAndGo() {
        String job = two();
        world.helperOnly("h0", 1);
        world.until(() -> helpers(job).equals(List.of("h0")), SOON);
        assertEquals(List.of(0), held("h0"));
        world.helperOnly("h1", 1);
        world.until(() -> helpers(job).equals(List.of("h0", "h1")), SOON);
        assertEquals(List.of(1), held("h1"));
        world.workers.get("h1").kill();
        world.until(() -> helpers(job).equals(List.of("h0")), SOON);
        world.workers.get("h1").start();
        world.until(() -> helpers(job).equals(List.of("h0", "h1")), SOON);
        assertEquals(List.of(0), held("h0"));
        assertEquals(List.of(1), held("h1"));
        world.workers.get("h0").disconnect();
        world.run(1000);
        world.until(() -> helpers(job).equals(List.of("h0", "h1")), SOON);
        assertEquals(1, world.workers.get("h0").loads, "it has loaded its teacher once");
        world.down(false);
        world.run(500);
        world.up();
        world.until(() -> helpers(job).equals(List.of("h0", "h1")), SOON);
        assertEquals(
                List.of(List.of(0), List.of(1)),
                world.coordinator().get(job).getHelpersList().stream()
                        .map(JobStatus.Helper::getTeachersList)
                        .toList());
        world.until(job, JobState.SUCCEEDED, 600_000);
        assertEquals(1, generation(job));
    }

    @Test
    void whereATeacherHasLostItsLastHolderAnotherLoadsItWithoutAGeneration() {
        String job = two();
        for (String name : List.of("h0", "h1", "h2")) {
            world.helperOnly(name, 1);
            world.until(() -> helpers(job).contains(name), SOON);
        }
        assertEquals(List.of(0), held("h2"));
        world.workers.get("h1").kill();
        world.until(() -> held("h2").equals(List.of(1)), SOON);
        world.until(() -> helpers(job).equals(List.of("h0", "h2")), SOON);
        assertEquals(2, world.workers.get("h2").loads);
        assertEquals(1, world.workers.get("h0").loads);
        assertEquals(1, generation(job));
    }

    @Test
    void whoMayHoldMoreTeachersThanAJobHasHoldsAllOfThem() {
        String job = two();
        world.helperOnly("h", 5);
        world.until(() -> helpers(job).equals(List.of("h")), SOON);
        assertEquals(List.of(0, 1), held("h"));
    }

    @Test
    void thoseThatOnlyHelpNeedNotBeStarted() {
        worker("a");
        Job.Builder asked = job(1);
        asked.addTeachersBuilder().setSource("other.pth");
        asked.getPlacementBuilder().setMaxHelpers(1);
        String job = world.submit(asked).getId();
        world.until(() -> demand(job).helpers().asked() == 1, SOON);
        world.helperOnly("h0", 1);
        world.helperOnly("h1", 1);
        world.until(() -> helpers(job).size() == 1, SOON);
        world.run(3000);
        assertEquals(1, helpers(job).size());
        assertEquals(0, demand(job).helpers().asked());
    }
}
