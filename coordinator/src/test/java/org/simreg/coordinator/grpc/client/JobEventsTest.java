package org.simreg.coordinator.grpc.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.coordinator.grpc.Served;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.Teacher;
import org.simreg.proto.UserError;

@Timeout(60)
class JobEventsTest {
    private final List<Long> seen = new CopyOnWriteArrayList<>();
    private final BlockingQueue<String> notices = new LinkedBlockingQueue<>();

    private static String submit(Served served) throws Exception {
        Job.Builder job = Job.newBuilder().addTeachers(Teacher.newBuilder().setSource("t.pt"));
        job.getDatasetBuilder().addPath("photos");
        SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
        return served.call(() -> served.jobs.submitted(request).getId());
    }

    private static ApiClient client(Served served) {
        return ApiClient.open(new HostPort("localhost", served.server.port()), Duration.ZERO);
    }

    private CompletableFuture<Void> follow(JobEvents jobEvents) {
        return CompletableFuture.runAsync(() -> jobEvents.run(event -> seen.add(event.getSequence()), notices::add));
    }

    private void awaitSeen(Served served, int count) throws Exception {
        served.await(count + " events seen", () -> seen.size() >= count);
    }

    @Test
    void aCoordinatorThatComesBackIsAskedForTheEventAfterTheLast() throws Exception {
        Served first = Served.onPort();
        String id = submit(first);
        first.run(() -> first.jobs.train(id, 3));
        try (ApiClient client = client(first)) {
            CompletableFuture<Void> following = follow(new JobEvents(client, id, 0));
            awaitSeen(first, 3);
            int port = first.server.port();
            first.close();
            assertTrue(notices.poll(20, TimeUnit.SECONDS).contains("waiting"));
            first.jobs.handOver();
            try (Served second = Served.again(first.jobs, port)) {
                second.run(() -> second.jobs.train(id, 2));
                second.run(() -> second.jobs.become(id, JobState.SUCCEEDED, ""));
                following.get(20, TimeUnit.SECONDS);
            }
        }
        assertEquals(LongStream.range(0, 6).boxed().toList(), seen);
        assertEquals("the coordinator is back", notices.poll());
    }

    @Test
    void aFeedThatIsStoppedEndsAndTheCoordinatorForgetsIt() throws Exception {
        try (Served served = Served.onPort();
                ApiClient client = client(served)) {
            String id = submit(served);
            served.run(() -> served.jobs.train(id, 2));
            JobEvents jobEvents = new JobEvents(client, id, 1);
            CompletableFuture<Void> following = follow(jobEvents);
            awaitSeen(served, 1);
            jobEvents.stop();
            following.get(20, TimeUnit.SECONDS);
            served.await("unwatched", served.jobs::unwatched);
            assertEquals(2, jobEvents.next());
            assertTrue(notices.isEmpty());
        }
    }

    @Test
    void aJobThatDoesNotExistIsNotWaitedFor() throws Exception {
        try (Served served = Served.onPort();
                ApiClient client = client(served)) {
            JobEvents jobEvents = new JobEvents(client, "nobody", 0);
            UserError error = assertThrows(UserError.class, () -> jobEvents.run(event -> {}, notices::add));
            assertEquals("There is no job nobody", error.getMessage());
        }
    }

    @Test
    void aClientWithinTheJvmNeedsNoPort() throws Exception {
        try (Served served = Served.inProcess();
                ApiClient client = ApiClient.inProcess(served.name)) {
            String id = submit(served);
            assertEquals(id, JobFinder.find(client, "resnet18-photos").getId());
        }
    }
}
