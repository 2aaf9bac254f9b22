package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.job.JobObserver;
import org.simreg.proto.Generation;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.SubmitRequest;

/** A simulation of a coordinator and its workers: a queue of events with a clock of its own. */
final class World {
    static final String VERSION = "1.2.3";
    static final CoordinatorSettings.Times TIMES =
            new CoordinatorSettings.Times(250, 1500, 5000, 500, 60_000, 2000, 1000);

    private record Event(long time, long order, Runnable action) {}

    private final PriorityQueue<Event> events = new PriorityQueue<>(
            (a, b) -> a.time != b.time ? Long.compare(a.time, b.time) : Long.compare(a.order, b.order));
    final Random random;
    final MemoryStore store = new MemoryStore();
    final MemoryFolders folders = new MemoryFolders();
    final Map<String, FakeWorker> workers = new TreeMap<>();
    final Map<String, Rounds> rounds = new HashMap<>();
    private final Map<String, Generation> generations = new HashMap<>();
    final List<String> trace = new ArrayList<>();
    private long now = 1_000_000;
    private long order;
    private Optional<Coordinator> running = Optional.empty();
    private int life;
    private CoordinatorSettings.Limits limits = CoordinatorSettings.Limits.NONE;

    World(long seed) {
        random = new Random(seed);
        up();
    }

    long now() {
        return now;
    }

    void say(String text) {
        trace.add(now - 1_000_000 + " " + text);
    }

    void after(long ms, Runnable action) {
        events.add(new Event(now + ms, order++, action));
    }

    /** From 1 to {@code most} milliseconds. */
    long some(int most) {
        return 1L + random.nextInt(most);
    }

    Optional<Coordinator> running() {
        return running;
    }

    Coordinator coordinator() {
        return running.orElseThrow();
    }

    /** What clients of coordinators that start from now on may ask for. */
    void limits(CoordinatorSettings.Limits limits) {
        this.limits = limits;
    }

    /** Starts a coordinator from what the last one has kept. */
    void up() {
        int mine = ++life;
        say("coordinator starts");
        CoordinatorSettings setup = new CoordinatorSettings(
                VERSION,
                Path.of("/base"),
                TIMES,
                () -> now,
                task -> after(1, () -> ifAlive(mine, task)),
                limits,
                JobObserver.NONE);
        running = Optional.of(new Coordinator(setup, store, folders));
        coordinator().start();
        tick(mine);
    }

    private void ifAlive(int mine, Runnable task) {
        if (life == mine && running.isPresent()) {
            task.run();
        }
    }

    private void tick(int mine) {
        ifAlive(mine, () -> {
            coordinator().tick();
            after(100, () -> tick(mine));
        });
    }

    /**
     * Kills the coordinator.
     *
     * @param power whether what was not forced to disk is lost too
     */
    void down(boolean power) {
        say("coordinator killed" + (power ? " with its machine" : ""));
        running = Optional.empty();
        workers.values().forEach(FakeWorker::disconnect);
        folders.crash(power);
    }

    /** Whether what is written, of jobs that there are, finds no room. */
    void room(BooleanSupplier lacks) {
        store.lacksRoom = lacks;
        folders.all().forEach(files -> files.lacksRoom = lacks);
    }

    FakeWorker worker(String name) {
        FakeWorker worker = new FakeWorker(this, name);
        workers.put(name, worker);
        worker.start();
        return worker;
    }

    /** A worker that only helps, with at most so many teachers of a job. */
    FakeWorker helperOnly(String name, int teachers) {
        FakeWorker worker = new FakeWorker(this, name);
        worker.teachers = teachers;
        workers.put(name, worker);
        worker.start();
        return worker;
    }

    /** Every generation that any worker hears of; two of one number must be one. */
    void heard(Generation generation) {
        Generation before = generations.putIfAbsent(generation.getJob() + "#" + generation.getNumber(), generation);
        assertTrue(
                before == null || before.equals(generation),
                () -> "two generations of one number:\n" + before + generation);
    }

    Rounds rounds(String job, long generation) {
        return rounds.computeIfAbsent(job + "#" + generation, key -> new Rounds());
    }

    void run(long ms) {
        long end = now + ms;
        while (!events.isEmpty() && events.peek().time <= end) {
            Event event = events.poll();
            now = event.time;
            event.action.run();
        }
        now = end;
    }

    /** Runs until something is so, and fails if it isn't within so many milliseconds. */
    void until(BooleanSupplier so, long ms) {
        long end = now + ms;
        while (!so.getAsBoolean()) {
            assertTrue(
                    !events.isEmpty() && events.peek().time <= end,
                    () -> "not within "
                            + ms
                            + " ms: "
                            + running.map(one -> one.list(ListRequest.getDefaultInstance())
                                                    .toString()
                                            + one.workers())
                                    .orElse("no coordinator"));
            Event event = events.poll();
            now = event.time;
            event.action.run();
        }
    }

    JobStatus submit(Job.Builder job) {
        return submit(SubmitRequest.newBuilder().setJob(job).build());
    }

    /** What is refused is thrown as it would be told. */
    JobStatus submit(SubmitRequest request) {
        return joined(coordinator().submit(request));
    }

    static <T> T joined(CompletionStage<T> done) {
        try {
            return done.toCompletableFuture().join();
        } catch (CompletionException e) {
            throw (RuntimeException) e.getCause();
        }
    }

    void until(String job, JobState state, long ms) {
        until(() -> running.isPresent() && coordinator().get(job).getState() == state, ms);
    }

    MemoryFiles files(String job) {
        return folders.of(coordinator().get(job).getFolder());
    }

    /** Four micro-batches, epochs of ten steps, a checkpoint every five. */
    static Job.Builder job(String name) {
        Job.Builder job = Job.newBuilder().setName(name);
        job.getDatasetBuilder().addPath("/data");
        job.addTeachersBuilder().setSource("teacher.pth");
        job.getOptimizationBuilder().setBatch(8).setMicroBatches(4).setEpochs(3);
        job.getCheckpointsBuilder().setEverySteps(5).setDigestSteps(3).setOutput("runs/" + name);
        return job;
    }
}
