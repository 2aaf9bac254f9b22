package org.simreg.coordinator.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.job.CoordinatorSettings;
import org.simreg.coordinator.store.JournaledJobs;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest;

/** Jobs that have ended, in a coordinator with a home. */
class PastJobsTest {
    private static final int JOBS = 250;

    @TempDir
    Path home;

    private final MemoryFolders folders = new MemoryFolders();
    private final BlockingQueue<Runnable> later = new LinkedBlockingQueue<>();
    private long now = 1_000_000;
    private JournaledJobs store;
    private Coordinator coordinator;

    @BeforeEach
    void up() {
        store = JournaledJobs.open(home, Optional.empty());
        CoordinatorSettings setup =
                new CoordinatorSettings(World.VERSION, Path.of("/base"), World.TIMES, () -> now, later::add);
        coordinator = new Coordinator(setup, store, folders);
        coordinator.start();
    }

    @AfterEach
    void down() {
        coordinator.close();
        store.close();
    }

    private JobStatus submit(int number, String name) {
        var job = World.job(name);
        job.getCheckpointsBuilder().setOutput("runs/" + number);
        CompletableFuture<JobStatus> submitted = coordinator
                .submit(SubmitRequest.newBuilder()
                        .setRequestId("request-" + number)
                        .setJob(job)
                        .build())
                .toCompletableFuture();
        while (!submitted.isDone()) {
            runNext(); // the journal has its record
        }
        return submitted.join();
    }

    private void runNext() {
        try {
            later.take().run();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void tick() {
        now += 100;
        coordinator.tick();
    }

    private List<String> ended() {
        List<String> ids = new ArrayList<>();
        for (int number = 0; number < JOBS; number++) {
            String id = submit(number, "one").getId();
            coordinator.cancel(id);
            assertEquals(JobState.CANCELLED, coordinator.get(id).getState());
            ids.add(id);
            tick();
        }
        return ids;
    }

    private List<String> pages(int size, JobState... states) {
        List<String> ids = new ArrayList<>();
        ListRequest.Builder request = ListRequest.newBuilder().setPageSize(size).addAllStates(List.of(states));
        do {
            ListResponse page = coordinator.list(request.build());
            page.getJobsList().forEach(job -> ids.add(job.getId()));
            request.setPageToken(page.getNextPageToken());
        } while (!request.getPageToken().isEmpty());
        return ids;
    }

    @Test
    void thoseThatEndedAreOnTheDiskOnlyAndListedFoundAndResumedFromThere() throws IOException {
        final List<String> ids = ended();
        assertEquals(JOBS, new HashSet<>(ids).size());
        String waits = submit(JOBS, "another").getId();
        for (int life = 0; life < 2; life++) {
            assertTrue(Files.size(home.resolve("jobs.journal")) < 4 << 20);
            List<String> all = new ArrayList<>(ids);
            all.add(waits);
            Collections.reverse(all);
            assertEquals(all, pages(7));
            assertEquals(all, pages(1000));
            assertEquals(List.of(waits), pages(5, JobState.QUEUED));
            assertEquals(JOBS, pages(100, JobState.CANCELLED).size());
            assertEquals(Map.of(JobState.CANCELLED, (long) JOBS, JobState.QUEUED, 1L), coordinator.states());
            assertEquals("one", coordinator.get("one").getId());
            assertEquals(ids.get(3), submit(3, "whatever").getId());
            assertThrows(Refused.class, () -> coordinator.get("nobody"));
            down();
            up();
            // The journal has those that have not ended and no other.
            assertTrue(Files.size(home.resolve("jobs.journal")) < 2000);
        }
        coordinator.resume("one-2");
        down();
        up();
        assertEquals(JobState.QUEUED, coordinator.get("one-2").getState());
        assertEquals(JOBS - 1, pages(100, JobState.CANCELLED).size());
        assertEquals(JOBS + 1, pages(100).size());
        coordinator.cancel("one-2");
        assertEquals(JOBS + 1, pages(100).size());
        assertEquals(Map.of(JobState.CANCELLED, (long) JOBS, JobState.QUEUED, 1L), coordinator.states());
        assertTrue(submit(JOBS + 1, "another").getSubmittedMs()
                > coordinator.get(waits).getSubmittedMs());
    }
}
