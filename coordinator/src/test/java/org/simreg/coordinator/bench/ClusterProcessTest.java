package org.simreg.coordinator.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.bench.Follower.Seen;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.node.WorkerNode;
import org.simreg.coordinator.run.Audit;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.SubmitRequest;

/**
 * One job by {@code simreg distill}, then again and again on clusters of processes to which
 * something happens: always the same bits, and a clean ledger.
 */
@Timeout(240)
class ClusterProcessTest {
    private static final int EPOCHS = Integer.getInteger("simreg.test.epochs", 30);
    private static final int KILLS = Integer.getInteger("simreg.test.kills", 3);
    private static final List<String> WORKERS = List.of("w0", "w1", "w2", "w3");
    private static final Pattern FINISHED =
            Pattern.compile("\"finished\":\\{\"step\":\\d+,\"sha256\":\"(\\w{64})\"");

    @TempDir static Path files;
    private static Path data;
    private static Path teacher;
    private static String expected;

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
        Path job = SmallJob.file(job(), files.resolve("job.yaml"));
        Path out = files.resolve("reference");
        try (Processes alone = new Processes(files, List.of())) {
            List<String> command = new ArrayList<>(List.of("distill", "--job=" + job));
            command.addAll(List.of("--device=cpu", "--threads=1", "--decode-threads=1"));
            command.add("--out=" + out);
            alone.start("distill", command);
            assertEquals(0, alone.end("distill"), Files.readString(alone.log("distill")));
        }
        expected = sha256(out);
    }

    private static Job job() {
        return SmallJob.of(data.toString(), teacher.toString(), EPOCHS);
    }

    private static String sha256(Path run) throws IOException {
        Matcher finished = FINISHED.matcher(Files.readString(run.resolve("metrics.jsonl")));
        assertEquals(true, finished.find(), run + " did not finish");
        return finished.group(1);
    }

    @BeforeEach
    void aCoordinator() {
        processes = new Processes(folder, WORKERS);
        processes.coordinator();
        client = processes.client();
    }

    @AfterEach
    void nobodyIsLeft() {
        client.close();
        processes.close();
    }

    private Path run(Job job) {
        return folder.resolve(job.getName());
    }

    private Follower submit(Job job) {
        Job.Builder placed = job.toBuilder();
        placed.getCheckpointsBuilder().setOutput(run(job).toString());
        SubmitRequest request = SubmitRequest.newBuilder().setJob(placed).build();
        return new Follower(client, client.ask(jobs -> jobs.submit(request)).getId());
    }

    /** Named anew, because run folders are named after jobs. */
    private static Job job(String name, int least, int most) {
        Job.Builder job = job().toBuilder().setName(name);
        job.getPlacementBuilder().setMinWorkers(least).setMaxWorkers(most);
        return job.build();
    }

    private void endsAsExpected(Follower events, Job job) throws IOException {
        events.state(JobState.SUCCEEDED);
        String circumstances = "random seed " + seed + ", logs in " + folder;
        assertEquals(List.of(), Audit.of(run(job)).violations(), circumstances);
        assertEquals(expected, sha256(run(job)), circumstances);
    }

    /** Anywhere within a step. */
    private void aMoment() {
        LockSupport.parkNanos(random.nextLong(Duration.ofMillis(200).toNanos()));
    }

    @Test
    void oneWorkerThenThreeThenTwoAndTwoFromTheStartAndFour() throws IOException {
        processes.worker("w0");
        Job turns = job("turns", 1, 0);
        try (Follower events = submit(turns)) {
            events.workers(1);
            processes.worker("w1");
            processes.worker("w2");
            events.workers(3);
            events.step();
            assertEquals(0, processes.leave("w1"));
            events.workers(2);
            endsAsExpected(events, turns);
        }
        Job two = job("two", 2, 2);
        try (Follower events = submit(two)) {
            processes.worker("w1");
            processes.worker("w3");
            endsAsExpected(events, two);
        }
        Job four = job("four", 4, 0);
        try (Follower events = submit(four)) {
            events.workers(4);
            endsAsExpected(events, four);
        }
    }

    @Test
    void workersKilledAtRandomMomentsAndStartedAgain() throws IOException {
        WORKERS.subList(0, 3).forEach(processes::worker);
        Job job = job("killed", 1, 0);
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
        Job job = job("frozen", 1, 0);
        try (Follower events = submit(job)) {
            events.workers(3);
            events.step();
            aMoment();
            processes.freeze("w1");
            events.workers(2);
            events.step();
            processes.wake("w1");
            events.workers(3);
            aMoment();
            Seen before = events.step();
            processes.freeze("w0");
            events.workers(2);
            endsAsExpected(events, job);
            // Longer than the cluster waits for it.
            assertEquals(true, System.nanoTime() - before.nanos() > 5_000_000_000L);
        }
        processes.wake("w0");
        assertEquals(WorkerNode.AGAIN, processes.end("w0"));
    }

    @Test
    void theCoordinatorKilledInTheMiddleAndAllAtOnce() throws IOException {
        WORKERS.subList(0, 2).forEach(processes::worker);
        Job job = job("restarted", 1, 0);
        try (Follower events = submit(job)) {
            events.workers(2);
            events.step(5 + random.nextInt(5));
            aMoment();
            processes.killCoordinator();
            processes.coordinator();
            long back = events.step().progress().getStep().getStep();
            events.step(back + random.nextInt(5));
            aMoment();
            processes.killAll();
            processes.coordinator();
            WORKERS.subList(0, 2).forEach(processes::worker);
            endsAsExpected(events, job);
        }
    }

    @Test
    void picturesAndTeacherThatOnlyTheCoordinatorSees() throws IOException {
        Files.createSymbolicLink(processes.coordinatorDirectory().resolve("data"), data);
        Files.createSymbolicLink(processes.coordinatorDirectory().resolve("teacher"), teacher);
        // Every process has a working directory of its own.
        Job far = SmallJob.of("/proc/self/cwd/data", "/proc/self/cwd/teacher", EPOCHS);
        processes.worker("w0");
        processes.worker("w1");
        try (Follower events = submit(far)) {
            endsAsExpected(events, far);
        }
    }
}
