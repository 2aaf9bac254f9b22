package org.simreg.coordinator.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.client.ApiClient;
import org.simreg.coordinator.run.Audit;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.SubmitRequest;

/**
 * Processes that are asked to go, by SIGTERM, while a job runs: no step is lost or done twice, and
 * the end has the bits of a run that nobody disturbed.
 */
@Tag("processes")
@Timeout(240)
class DrainProcessTest {
    private static final int STEPS = 40;
    private static final int SIGTERM = 143;
    private static final List<String> WORKERS = List.of("w0", "w1", "w2");
    private static final List<String> SHORT_LIVED = List.of("-XX:TieredStopAtLevel=1");

    @TempDir static Path files;
    private static Path data;
    private static Path teacher;
    private static SortedMap<Integer, String> expected;

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private Processes processes;
    private ApiClient client;

    @BeforeAll
    static void theJobUndisturbed() throws IOException {
        data = SmallJob.pictures(files.resolve("data"));
        teacher = SmallJob.teacher(files.resolve("teacher.safetensors"));
        Path job = SmallJob.file(job("undisturbed", 1), files.resolve("job.yaml"));
        Path out = files.resolve("undisturbed");
        try (Processes alone = new Processes(files, List.of(), SHORT_LIVED)) {
            List<String> command = new ArrayList<>(List.of("distill", "--job=" + job));
            command.addAll(List.of("--device=cpu", "--threads=1", "--decode-threads=1"));
            command.add("--out=" + out);
            alone.start("distill", command);
            assertEquals(0, alone.end("distill"), Files.readString(alone.log("distill")));
        }
        expected = Course.of(out);
        assertEquals(STEPS, expected.size());
    }

    private static Job job(String name, int least) {
        Job.Builder job = SmallJob.of(name, data.toString(), teacher.toString(), STEPS).toBuilder();
        job.getPlacementBuilder().setMinWorkers(least);
        return job.build();
    }

    @BeforeEach
    void aCluster() {
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

    private void endsUndisturbed(Follower events, Job job) throws IOException {
        events.state(JobState.SUCCEEDED);
        assertEquals(List.of(), Audit.of(run(job)).violations(), "logs in " + folder);
        assertEquals(expected, Course.of(run(job)), "logs in " + folder);
        assertTrue(expected.get(STEPS).matches(".*\"\\w{64}\""), "the last state has a digest");
        String ledger = Files.readString(run(job).resolve("ledger.jsonl"));
        assertFalse(ledger.contains("\"rewind\""), "steps were done again, logs in " + folder);
    }

    @Test
    void oneAfterTheOtherAndTheCoordinatorAreStartedAgain() throws IOException {
        WORKERS.subList(0, 2).forEach(processes::worker);
        // It waits for the one that is being started, so that it lasts until all have been.
        Job job = job("rolling", 2);
        try (Follower events = submit(job)) {
            for (String name : WORKERS.subList(0, 2)) {
                events.workers(2);
                events.step();
                assertEquals(SIGTERM, processes.leave(name));
                processes.worker(name);
            }
            events.workers(2);
            events.step();
            processes.leaveCoordinator();
            processes.coordinator();
            endsUndisturbed(events, job);
        }
    }

    @Test
    void anyOneGoesForGoodAndAtLastTheOneThatIsLeft() throws IOException {
        WORKERS.forEach(processes::worker);
        Job job = job("fewer", 1);
        try (Follower events = submit(job)) {
            events.workers(3);
            events.step();
            processes.ask("w1");
            assertEquals(List.of("w0", "w2"), events.workers(2).getWorkersList());
            events.step();
            processes.ask("w0");
            assertEquals(List.of("w2"), events.workers(1).getWorkersList());
            processes.ask("w2");
            events.state(JobState.QUEUED);
            for (String name : WORKERS) {
                assertEquals(SIGTERM, processes.end(name));
            }
            processes.worker("w0");
            endsUndisturbed(events, job);
        }
    }
}
