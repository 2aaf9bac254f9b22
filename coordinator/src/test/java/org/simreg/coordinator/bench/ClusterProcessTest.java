package org.simreg.coordinator.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.coordinator.run.Audit;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.Progress;
import org.simreg.proto.SubmitRequest;

/**
 * One job by {@code simreg distill}, then again and again on clusters of processes to which
 * something happens: always the same bits, and a clean ledger.
 */
@Tag("processes")
@Timeout(240)
class ClusterProcessTest {
    private static final int KILLS = Integer.getInteger("simreg.test.kills", 3);
    private static final int MOST = Math.max(85, 20 * KILLS);
    private static final List<String> WORKERS = List.of("w0", "w1", "w2", "w3");

    /** They don't live long enough for the optimizing compiler. */
    private static final List<String> SHORT_LIVED = List.of("-XX:TieredStopAtLevel=1");

    @TempDir static Path files;
    private static Path data;
    private static Path teacher;
    private static SortedMap<Integer, String> expected;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private final long seed = Long.getLong("simreg.test.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private Processes processes;
    private ApiClient client;

    @BeforeAll
    static void theJobInOneProcess() throws IOException {
        data = SmallJob.pictures(files.resolve("data"));
        teacher = SmallJob.teacher(files.resolve("teacher.safetensors"));
        Path job = SmallJob.file(job("reference", MOST), files.resolve("job.yaml"));
        Path out = files.resolve("reference");
        try (Processes alone = new Processes(files, List.of(), SHORT_LIVED)) {
            List<String> command = new ArrayList<>(List.of("distill", "--job=" + job));
            command.addAll(List.of("--device=cpu", "--threads=1", "--decode-threads=1"));
            command.add("--out=" + out);
            alone.start("distill", command);
            assertEquals(0, alone.end("distill"), Files.readString(alone.log("distill")));
        }
        expected = Course.of(out);
        assertEquals(MOST, expected.size());
    }

    private static Job job(String name, int steps) {
        return SmallJob.of(name, data.toString(), teacher.toString(), steps);
    }

    @BeforeEach
    void aCoordinator() {
        processes = new Processes(folder, WORKERS, SHORT_LIVED);
        processes.coordinator();
        client = processes.client();
    }

    @AfterEach
    void nobodyIsLeft() {
        client.close();
        processes.close();
    }

    private Path run(Job job) {
        return folder.resolve("runs").resolve(job.getName());
    }

    private Follower submit(Job job) {
        Job.Builder placed = job.toBuilder();
        placed.getCheckpointsBuilder().setOutput(run(job).toString());
        SubmitRequest request = SubmitRequest.newBuilder().setJob(placed).build();
        return new Follower(client, client.ask(jobs -> jobs.submit(request)).getId());
    }

    private static Job on(Job job, int least, int most) {
        Job.Builder placed = job.toBuilder();
        placed.getPlacementBuilder().setMinWorkers(least).setMaxWorkers(most);
        return placed.build();
    }

    private void endsAsExpected(Follower events, Job job) throws IOException {
        events.state(JobState.SUCCEEDED);
        String circumstances = "random seed " + seed + ", logs in " + folder;
        assertEquals(List.of(), Audit.of(run(job)).violations(), circumstances);
        SortedMap<Integer, String> course = Course.of(run(job));
        int steps = (int) job.getOptimization().getMaxSteps();
        assertEquals(expected.headMap(steps + 1), course, circumstances);
        assertTrue(course.get(steps).matches(".*\"\\w{64}\""), "the last state has a digest");
    }

    /** Anywhere within a step. */
    private void aMoment() {
        LockSupport.parkNanos(random.nextLong(Duration.ofMillis(200).toNanos()));
    }

    /** How long something is frozen decides what becomes of it. */
    private static void until(long nanos) {
        while (System.nanoTime() < nanos) {
            LockSupport.parkNanos(nanos - System.nanoTime());
        }
    }

    @Test
    void oneWorkerThenThreeThenTwoAndTwoFromTheStartAndFour() throws IOException {
        processes.worker("w0");
        Job turns = job("turns", 60);
        try (Follower events = submit(turns)) {
            events.workers(1);
            processes.worker("w1");
            processes.worker("w2");
            events.workers(3);
            events.step();
            processes.leave("w1");
            assertTrue(Files.readString(processes.log("w1")).contains("Leaving at the end"));
            events.workers(2);
            endsAsExpected(events, turns);
        }
        Job two = on(job("two", 15), 2, 2);
        try (Follower events = submit(two)) {
            processes.worker("w1");
            processes.worker("w3");
            endsAsExpected(events, two);
        }
        Job four = on(job("four", 15), 4, 0);
        try (Follower events = submit(four)) {
            events.workers(4);
            endsAsExpected(events, four);
        }
    }

    @Test
    void workersKilledAtRandomMomentsAndStartedAgain() throws IOException {
        WORKERS.subList(0, 3).forEach(processes::worker);
        Job job = job("killed", 20 * KILLS);
        try (Follower events = submit(job)) {
            events.workers(3);
            for (int i = 0; i < KILLS; i++) {
                long committed = events.step().progress().getStep().getStep();
                events.step(committed + random.nextInt(8));
                aMoment();
                String victim = WORKERS.get(random.nextInt(3));
                processes.kill(victim);
                processes.worker(victim);
            }
            endsAsExpected(events, job);
        }
    }

    @Test
    void aWorkerFrozenForThreeSecondsAndOneThatIsGivenUp() throws IOException {
        WORKERS.subList(0, 3).forEach(processes::worker);
        Job job = job("frozen", 85);
        try (Follower events = submit(job)) {
            events.workers(3);
            events.step();
            aMoment();
            processes.freeze("w0");
            long first = System.nanoTime();
            events.workers(2);
            events.step();
            aMoment();
            processes.freeze("w1");
            long second = System.nanoTime();
            events.workers(1);
            until(second + 3_000_000_000L);
            processes.wake("w1");
            events.workers(2);
            until(first + 5_500_000_000L);
            processes.wake("w0");
            assertEquals(WorkerNode.AGAIN, processes.end("w0"));
            processes.worker("w0");
            events.workers(3);
            endsAsExpected(events, job);
        }
    }

    @Test
    void theCoordinatorKilledInTheMiddleAndThenAllAtOnce() throws IOException {
        WORKERS.subList(0, 2).forEach(processes::worker);
        Job job = job("restarted", 80);
        try (Follower events = submit(job)) {
            events.workers(2);
            events.step(5 + random.nextInt(5));
            aMoment();
            processes.killCoordinator();
            events.forget();
            processes.coordinator();
            // They went on, and kept what they had to say.
            events.next(Progress::hasCheckpoint);
            aMoment();
            processes.killAll();
            processes.coordinator();
            WORKERS.subList(0, 2).forEach(processes::worker);
            endsAsExpected(events, job);
        }
    }

    @Test
    void picturesAndTeacherThatOnlyTheCoordinatorSees() throws IOException {
        SmallJob.pictures(processes.coordinatorDirectory().resolve("data"));
        Files.copy(teacher, processes.coordinatorDirectory().resolve("teacher"));
        // Every process runs in a folder of its own.
        Job far = SmallJob.of("far", "/proc/self/cwd/data", "/proc/self/cwd/teacher", 15);
        processes.worker("w0");
        processes.worker("w1");
        try (Follower events = submit(far)) {
            endsAsExpected(events, far);
        }
    }
}
