package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.coordinator.job.schedule.Demand;
import org.simreg.proto.Job;
import org.simreg.proto.JobFailed;
import org.simreg.proto.JobState;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.WorkerStatus;

/** Workers that help a job with its teachers' features: whatever happens to them, no generation begins because of it. */
class HelpersTest extends HelpedJobs {
    private static final int SEEDS = Integer.getInteger("simreg.test.helperSchedules", 100) / 5;

    /** Runs until the job trains on the first worker and is helped by the others. */
    private String helped(String... others) {
        worker("a");
        String job = world.submit(job(1)).getId();
        world.until(() -> state("a") == WorkerStatus.State.TRAINING, SOON);
        for (String other : others) {
            worker(other);
        }
        world.until(() -> helpers(job).equals(List.of(others)), SOON);
        return job;
    }

    @Test
    void spareWorkersHelpAsFarAsItPaysAndComeAndGoInOneGeneration() {
        String job = helped("b", "c");
        FakeWorker idle = worker("d");
        world.run(2000);
        assertEquals(WorkerStatus.State.IDLE, state("d"), "a third would save nothing");
        assertEquals(WorkerStatus.State.HELPING, state("b"));
        assertEquals(world.workers.get("a").help, world.workers.get("b").help, "all are told the same");
        assertEquals(2, world.workers.get("c").help.getHelpersCount());
        world.workers.get("b").kill();
        world.until(() -> helpers(job).equals(List.of("c", "d")), SOON);
        idle.freeze();
        world.workers.get("b").start();
        world.until(() -> helpers(job).equals(List.of("b", "c")), SOON);
        idle.wake();
        world.workers.get("c").leave();
        world.until(() -> helpers(job).equals(List.of("b", "d")), SOON);
        world.until(() -> !world.workers.get("c").alive(), SOON);
        assertEquals(1, generation(job));
        world.until(() -> world.workers.get("a").help.getPart() == 256, SOON); // two make all features
        world.workers.get("b").kill();
        world.workers.get("d").kill();
        world.until(() -> helpers(job).isEmpty(), SOON);
        world.until(() -> world.workers.get("a").help.getHelpersCount() == 0, SOON);
        world.until(job, JobState.SUCCEEDED, 600_000);
        assertEquals(1, generation(job));
    }

    @Test
    void aHelperTakesThePlaceOfALostMember() {
        String job = helped("b");
        world.workers.get("a").kill();
        world.until(() -> generation(job) == 2, SOON);
        assertEquals(List.of("b"), world.coordinator().get(job).getWorkersList());
        assertEquals(List.of(), helpers(job));
    }

    @Test
    void aJobThatWaitsGetsTheHelperAsAMember() {
        String job = helped("b");
        String other = world.submit(World.job("other")).getId();
        world.until(other, JobState.RUNNING, SOON);
        assertEquals(List.of("b"), world.coordinator().get(other).getWorkersList());
        world.until(() -> helpers(job).isEmpty(), SOON);
        assertEquals(1, generation(job));
    }

    @Test
    void aHelperThatCantLoadTheJobIsNotUsedAndTheJobGoesOn() {
        String job = helped();
        FakeWorker bad = worker("b");
        bad.fails = Optional.of(JobFailed.newBuilder()
                .setReason("no such teacher")
                .setRefused(true)
                .build());
        world.run(20_000);
        assertEquals(JobState.RUNNING, world.coordinator().get(job).getState());
        assertEquals(WorkerStatus.State.IDLE, state("b"));
        assertEquals(1, generation(job));
    }

    @Test
    void aWorkerOfAnotherProfileDoesNotHelpAnExactJob() {
        String job = helped();
        FakeWorker other = new FakeWorker(world, "b");
        other.profile = "gpu";
        world.workers.put("b", other);
        other.start();
        world.run(10_000);
        assertEquals(List.of(), helpers(job));
    }

    @Test
    void maxHelpersBoundsThemAndAsksForThem() {
        worker("a");
        Job.Builder asked = job(1);
        asked.getPlacementBuilder().setMaxHelpers(1);
        String job = world.submit(asked).getId();
        world.until(() -> demand(job).helpers().asked() == 1, SOON);
        worker("b");
        worker("c");
        world.until(() -> helpers(job).size() == 1, SOON);
        world.run(3000);
        assertEquals(1, helpers(job).size());
        assertTrue(world.workers.get("a").help.getPart() < 256, "one can't make all features in time");
    }

    @Test
    void withoutItNobodyIsAskedForAndWithNoneNobodyHelps() {
        String job = helped("b", "c");
        assertEquals(new Demand.Helpers(2, 0), demand(job).helpers());
        world = new World(2);
        worker("a");
        worker("b");
        Job.Builder asked = job(1);
        asked.getPlacementBuilder().setMaxHelpers(0);
        String alone = world.submit(asked).getId();
        world.run(10_000);
        assertEquals(List.of(), helpers(alone));
        assertEquals(new Demand.Helpers(0, 0), demand(alone).helpers());
    }

    @Test
    void aMomentumTeacherNeedsNoHelp() {
        Job.Builder self = job(1);
        self.clearTeachers().addTeachersBuilder().setSource("self");
        worker("a");
        worker("b");
        String job = world.submit(self).getId();
        world.run(10_000);
        assertEquals(List.of(), helpers(job));
    }

    /** Helpers killed, frozen, cut off, leaving and joining, and the coordinator with them. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void noTroubleOfHelpersBeginsAGeneration(int part) {
        LongStream.range((long) part * SEEDS, (part + 1L) * SEEDS).forEach(seed -> {
            try {
                schedule(seed);
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + "\n" + String.join("\n", world.trace), e);
            }
        });
    }

    private void schedule(long seed) {
        world = new World(seed);
        int members = 1 + world.random.nextInt(2);
        for (int i = 0; i < members; i++) {
            worker("m" + i);
        }
        world.run(500);
        String job = world.submit(job(members)).getId();
        world.until(() -> world.coordinator().get(job).getWorkersCount() == members, SOON);
        long generation = generation(job);
        List<FakeWorker> helpers = new ArrayList<>();
        long helped = 0;
        for (int i = 0; i < 30; i++) {
            world.run(world.some(1500));
            trouble(helpers);
            helped += world.running().isPresent() ? helpers(job).size() : 0;
        }
        if (world.running().isEmpty()) {
            world.up();
        }
        for (FakeWorker helper : helpers) {
            helper.unplug(false);
            helper.wake();
        }
        assertNotEquals(0, helped, "nobody has helped");
        world.until(job, JobState.SUCCEEDED, 600_000);
        assertEquals(generation, generation(job));
        List<LedgerEntry.Commit> commits = world.files(job).commits();
        assertEquals(
                LongStream.rangeClosed(1, commits.size()).boxed().toList(),
                commits.stream().map(LedgerEntry.Commit::getStep).toList());
        assertTrue(commits.stream().allMatch(commit -> commit.getGeneration() == generation));
        assertEquals(world.coordinator().get(job).getTotalSteps(), commits.size());
    }

    private void trouble(List<FakeWorker> helpers) {
        if (helpers.size() < 3 && world.random.nextInt(3) > 0) {
            String name = "h" + helpers.size();
            helpers.add(world.random.nextInt(3) > 0 ? worker(name) : world.helperOnly(name, 1));
            return;
        }
        if (helpers.isEmpty()) {
            return;
        }
        FakeWorker one = helpers.get(world.random.nextInt(helpers.size()));
        switch (world.random.nextInt(6)) {
            case 0 -> {
                one.kill();
                world.after(world.some(3000), () -> start(one));
            }
            case 1 -> {
                one.freeze();
                world.after(world.some(4000), one::wake);
            }
            case 2 -> one.disconnect();
            case 3 -> {
                one.unplug(true);
                world.after(world.some(4000), () -> one.unplug(false));
            }
            case 4 -> {
                one.leave();
                world.after(world.some(6000), () -> start(one));
            }
            default -> {
                if (world.running().isPresent()) {
                    world.down(false);
                    world.after(world.some(2000), this::up);
                }
            }
        }
    }

    private void start(FakeWorker one) {
        if (!one.alive()) {
            one.start();
        }
    }

    private void up() {
        if (world.running().isEmpty()) {
            world.up();
        }
    }
}
