package org.simreg.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.simreg.bench.bucket.FaultyLine;
import org.simreg.bench.bucket.LoopbackS3;
import org.simreg.coordinator.cli.Command;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.JobFinder;
import org.simreg.coordinator.node.SmallJob;
import org.simreg.coordinator.run.audit.Audit;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListWorkersRequest;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.WorkerStatus;

/**
 * The cluster of processes that all tests share which do something to it, because its start takes
 * seconds: a coordinator and three workers, whole again before each test. Beside it the steps of
 * {@link SmallJob} by one {@code simreg distill}, which all its jobs must repeat.
 */
final class SharedCluster {
    /** Those that run when a test begins. */
    static final List<String> WORKERS = List.of("w0", "w1", "w2");

    /** One more that may be started; the test takes it away again. */
    static final String SPARE = "w3";

    /** Steps of the job that nobody disturbed. */
    static final int MOST = Math.max(300, 150 * ClusterProcessTest.KILLS);

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static SharedCluster shared;

    private final Path folder;
    private final Path data;
    private final Path teacher;
    private final Path student;
    private final SortedMap<Integer, String> expected;
    private final Processes processes;
    private final ApiClient client;
    private final LoopbackS3 bucket = new LoopbackS3();
    private List<String> sources = List.of();

    private SharedCluster() throws IOException {
        folder = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "cluster-");
        data = SmallJob.pictures(here("data"));
        teacher = SmallJob.teacher(here("teacher.safetensors"));
        student = SmallJob.student(here("student.pt"));
        List<String> all = new ArrayList<>(WORKERS);
        all.add(SPARE);
        processes = new Processes(here("processes"), all, Command.compilation());
        processes.environment(bucket.environment());
        try (Processes alone = new Processes(here("alone"), List.of(), Command.compilation())) {
            undisturbed(alone);
            // Beside it, since it has one thread.
            processes.coordinator();
            WORKERS.forEach(processes::worker);
            assertEquals(0, alone.end("distill"), Files.readString(alone.log("distill")));
        }
        expected = RunSteps.of(here("reference"));
        assertEquals(MOST, expected.size());
        client = processes.client();
    }

    /** The data of {@link #job} as other sources have it. */
    List<String> sources() throws IOException {
        if (sources.isEmpty()) {
            sources = new Sources(data, Files.createDirectories(here("sources"))).all(bucket);
        }
        return sources;
    }

    private Path here(String name) {
        return folder.toAbsolutePath().resolve(name);
    }

    /** Starts the job that nobody disturbs. */
    private void undisturbed(Processes alone) throws IOException {
        Path job = SmallJob.file(job("reference", MOST), here("job.yaml"));
        List<String> command = new ArrayList<>(List.of("distill", "--job=" + job));
        command.addAll(List.of("--device=cpu", "--threads=1", "--decode-threads=1"));
        command.add("--out=" + here("reference"));
        alone.start("distill", command);
    }

    /** The cluster, with its workers and nobody else. */
    static synchronized SharedCluster whole() throws IOException {
        if (shared == null) {
            shared = new SharedCluster();
        }
        shared.clear();
        return shared;
    }

    /** The way of all processes to the buckets; it is mended before each test. */
    FaultyLine line() {
        return bucket.line();
    }

    /** Also of what a test that failed has left behind. */
    private void clear() {
        line().mend();
        List<JobState> unended = List.of(JobState.QUEUED, JobState.RUNNING);
        for (JobStatus job : JobFinder.newest(client, unended, Integer.MAX_VALUE)) {
            JobRequest request = JobRequest.newBuilder().setId(job.getId()).build();
            client.ask(jobs -> jobs.cancel(request));
        }
        if (processes.runs(SPARE)) {
            processes.leave(SPARE);
        }
        WORKERS.stream().filter(name -> !processes.runs(name)).forEach(processes::worker);
        awaitWorkers(Set.copyOf(WORKERS));
    }

    private void awaitWorkers(Set<String> names) {
        until(() -> workers().equals(names), () -> workers().toString());
    }

    private Set<String> workers() {
        ListWorkersRequest all = ListWorkersRequest.getDefaultInstance();
        return client.ask(jobs -> jobs.listWorkers(all)).getWorkersList().stream()
                .map(WorkerStatus::getWorker)
                .collect(Collectors.toSet());
    }

    /** Waits for something that will come; the description tells how it is instead. */
    void until(BooleanSupplier condition, Supplier<String> otherwise) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, () -> "never so: " + otherwise.get() + ", " + circumstances());
            LockSupport.parkNanos(10_000_000);
        }
    }

    Processes processes() {
        return processes;
    }

    ApiClient client() {
        return client;
    }

    /** Where to look when something went wrong. */
    String circumstances() {
        return "logs in " + here("processes");
    }

    /** A file or folder of this name; the caller makes it. */
    Path file(String name) {
        return here(name);
    }

    /** A teacher's weights, which are there already. */
    Path teacher() {
        return teacher;
    }

    /** Pictures, which are there already. */
    Path data() {
        return data;
    }

    /** The job on pictures, teacher and student that everybody sees. */
    Job job(String name, int steps) {
        return SmallJob.of(name, data.toString(), teacher.toString(), student.toString(), steps);
    }

    /** The same for so many workers; 0: no upper limit. */
    static Job on(Job job, int least, int most) {
        Job.Builder placed = job.toBuilder();
        placed.getPlacementBuilder().setMinWorkers(least).setMaxWorkers(most);
        return placed.build();
    }

    Follower submit(Job job) {
        Job.Builder placed = job.toBuilder();
        placed.getCheckpointsBuilder().setOutput(run(job).toString());
        SubmitRequest request = SubmitRequest.newBuilder().setJob(placed).build();
        return new Follower(client, client.ask(jobs -> jobs.submit(request)).getId());
    }

    /** The run folder of a job. */
    Path run(Job job) {
        return here("runs").resolve(job.getName());
    }

    /** Waits for the end, which is that of the undisturbed job, by a clean ledger. */
    void endsAsExpected(Follower events, Job job) throws IOException {
        events.state(JobState.SUCCEEDED);
        assertEquals(List.of(), Audit.of(run(job)).violations(), circumstances());
        SortedMap<Integer, String> found = RunSteps.of(run(job));
        int steps = (int) job.getOptimization().getMaxSteps();
        assertEquals(expected.headMap(steps + 1), found, circumstances());
        assertTrue(found.get(steps).matches(".*\"\\w{64}\""), "the last state has a digest");
    }
}
