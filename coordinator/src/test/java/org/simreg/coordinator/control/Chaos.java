package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Shortage;

/** A random story of failures, then none; in the end all jobs must have succeeded. */
final class Chaos {
    private static final long TROUBLE_MS = 25_000;
    private static final long PEACE_MS = 180_000;
    private static final int MOST_WORKERS = 5;

    final World world;
    private final List<String> jobs = new ArrayList<>();
    private int born;

    Chaos(long seed) {
        world = new World(seed);
    }

    void play() {
        for (int i = world.random.nextInt(3); i >= 0; i--) {
            born();
        }
        submit();
        int calm = world.random.nextBoolean() ? 1500 : 400;
        while (world.now() < 1_000_000 + TROUBLE_MS) {
            world.run(world.some(calm));
            trouble();
        }
        peace();
        for (String job : jobs) {
            world.until(() -> over(job), PEACE_MS);
            assertEquals(
                    JobState.SUCCEEDED,
                    world.coordinator().get(job).getState(),
                    () -> world.coordinator().get(job).getReason());
            check(job);
        }
    }

    private void born() {
        if (world.workers.size() < MOST_WORKERS) {
            world.worker("w" + ++born);
        }
    }

    private void submit() {
        if (world.running().isEmpty() || jobs.size() == 3) {
            return;
        }
        Job.Builder job = World.job("job" + jobs.size());
        job.getOptimizationBuilder().setEpochs(4 + world.random.nextInt(16));
        job.getOptimizationBuilder().setMicroBatches(1 << world.random.nextInt(3));
        job.getCheckpointsBuilder().setEverySteps(world.random.nextBoolean() ? 7 : 25);
        job.getEvaluationBuilder().setPatience(jobs.size() % 2);
        job.getPlacementBuilder()
                .setPriority(world.random.nextInt(2))
                .setMinWorkers(
                        1 + world.random.nextInt(2) % job.getOptimization().getMicroBatches());
        world.room(() -> false);
        jobs.add(world.submit(job).getId());
    }

    private void trouble() {
        List<FakeWorker> workers = List.copyOf(world.workers.values());
        FakeWorker one = workers.get(world.random.nextInt(workers.size()));
        switch (world.random.nextInt(14)) {
            case 0, 1 -> born();
            case 2, 3 -> kill(one);
            case 4, 5 -> freeze(one);
            case 6 -> one.disconnect();
            case 7 -> {
                one.unplug(true);
                world.after(world.some(4000), () -> one.unplug(false));
            }
            case 8 -> one.leave();
            case 9 -> restart();
            case 10 -> ask();
            case 11 -> fill();
            case 12 -> slow();
            default -> submit();
        }
    }

    private void kill(FakeWorker one) {
        if (one.alive()) {
            one.kill();
            world.after(world.some(3000), () -> start(one));
        }
    }

    private void start(FakeWorker one) {
        if (!one.alive()) {
            one.start();
        }
    }

    private void freeze(FakeWorker one) {
        if (one.alive() && !one.frozen()) {
            one.freeze();
            world.after(world.some(4000), one::wake);
        }
    }

    private void restart() {
        if (world.running().isPresent()) {
            world.down(world.random.nextBoolean());
            world.after(world.some(7000), this::up);
        }
    }

    private void up() {
        if (world.running().isEmpty()) {
            world.up();
        }
    }

    /** For a while some of what is written finds no room. */
    private void fill() {
        world.say("the disk is full");
        world.room(() -> world.random.nextInt(4) == 0);
        world.after(world.some(3000), () -> world.room(() -> false));
    }

    /** For a while nothing becomes durable. */
    private void slow() {
        world.say("the disks are slow");
        CompletableFuture<Void> disk = new CompletableFuture<>();
        world.folders.all().forEach(files -> files.disk = disk);
        world.after(world.some(3000), () -> {
            world.folders.all().forEach(files -> files.disk = CompletableFuture.completedFuture(null));
            disk.complete(null);
        });
    }

    private void ask() {
        if (world.running().isEmpty()) {
            return;
        }
        String job = jobs.get(world.random.nextInt(jobs.size()));
        try {
            switch (world.random.nextInt(4)) {
                case 0 -> world.coordinator().cancel(job);
                case 1 -> world.coordinator().resume(job);
                default -> world.coordinator().pause(job);
            }
            world.say("asked something of " + job);
        } catch (Refused refused) {
            boolean waits = refused.getMessage().startsWith("The job waits");
            assertEquals(waits ? Refused.Kind.UNAVAILABLE : Refused.Kind.STATE, refused.kind());
        } catch (UserError full) {
            assertTrue(Shortage.in(full).isPresent(), full.getMessage());
        }
        world.after(world.some(2000), () -> resume(job));
    }

    private void resume(String job) {
        if (world.running().isPresent()) {
            JobState state = world.coordinator().get(job).getState();
            if (state == JobState.PAUSED || state == JobState.CANCELLED) {
                resumed(job);
            }
        }
    }

    private void resumed(String job) {
        try {
            world.coordinator().resume(job);
        } catch (UserError full) {
            assertTrue(Shortage.in(full).isPresent(), full.getMessage());
            world.after(500, () -> resume(job));
        } catch (Refused waits) {
            assertEquals(Refused.Kind.UNAVAILABLE, waits.kind());
            world.after(500, () -> resume(job));
        }
    }

    private void peace() {
        world.run(8000);
        world.say("peace");
        up();
        for (FakeWorker one : world.workers.values()) {
            start(one);
            one.unplug(false);
            one.wake();
        }
        while (world.workers.size() < 2) {
            born();
        }
        world.run(3000);
        for (FakeWorker one : world.workers.values()) {
            start(one);
        }
        jobs.forEach(this::resume);
    }

    /** What was asked for before the peace may be done only now. */
    private boolean over(String job) {
        resume(job);
        JobState state = world.coordinator().get(job).getState();
        return state == JobState.SUCCEEDED || state == JobState.FAILED;
    }

    private void check(String job) {
        MemoryFiles files = world.files(job);
        List<LedgerEntry.Commit> commits = files.commits();
        long total = world.coordinator().get(job).getTotalSteps();
        assertEquals(total, commits.size(), () -> told(job));
        List<Long> made = new ArrayList<>();
        Set<Long> samples = new HashSet<>();
        for (LedgerEntry.Commit commit : commits) {
            made.add(commit.getGeneration());
            long first = (commit.getEpoch() - 1) * 80L + commit.getFirstSample();
            for (long sample = first; sample < first + commit.getSamples(); sample++) {
                assertTrue(samples.add(sample), "a sample was seen twice");
            }
        }
        assertEquals(total * 8, samples.size(), "each sample once an epoch");
        assertEquals(files.states.get(total), made, () -> "another line\n" + told(job));
        long epochs = 0;
        Set<Integer> measured = new HashSet<>();
        for (int i = 0; i < files.events.size(); i++) {
            assertEquals(i, files.events.get(i).getSequence());
            Progress event = files.events.get(i).getProgress();
            epochs += event.hasEpoch() ? 1 : 0;
            if (event.hasEvaluation()) {
                measured.add(event.getEvaluation().getEpoch());
            }
        }
        boolean patient = world.coordinator().get(job).getJob().getEvaluation().getPatience() > 0;
        assertEquals(
                patient ? total / FakeWorker.STEPS_PER_EPOCH : 1,
                measured.size(),
                "each student is measured " + measured);
        assertTrue(epochs >= total / FakeWorker.STEPS_PER_EPOCH, "each epoch is told");
    }

    private String told(String job) {
        return String.join("\n", world.trace) + world.files(job).ledger;
    }
}
