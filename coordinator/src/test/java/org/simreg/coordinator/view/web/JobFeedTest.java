package org.simreg.coordinator.view.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.vertx.core.Vertx;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.coordinator.control.JobService;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.job.JobWatch.Watcher;
import org.simreg.coordinator.view.observe.ClusterSurvey;
import org.simreg.proto.Job;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.ListRequest;
import org.simreg.proto.ListResponse;
import org.simreg.proto.ListWorkersResponse;
import org.simreg.proto.Refused;
import org.simreg.proto.StepDone;
import org.simreg.proto.SubmitRequest;
import org.slf4j.LoggerFactory;

/** A job's events on their way from the coordinator's thread to browsers, through HTTP. */
@Timeout(60)
class JobFeedTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final Vertx vertx = Vertx.vertx();
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final Jobs jobs = new Jobs();
    private WebServer server;

    @BeforeEach
    void serve() {
        JobStatus job =
                JobStatus.newBuilder().setId("job-1").setState(JobState.RUNNING).build();
        ClusterSurvey survey = new ClusterSurvey(Map.of(JobState.RUNNING, 1L), List.of(job), List.of());
        PageRoutes.Setup page = new PageRoutes.Setup(
                "1.2",
                7100,
                task -> thread.execute(() -> task.accept(jobs)),
                () -> survey,
                OptionalInt::empty,
                BankPictures.NONE);
        server = WebServer.listen(vertx, new HostPort("127.0.0.1", 0), router -> PageRoutes.route(vertx, router, page));
    }

    @AfterEach
    void close() {
        server.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
        thread.shutdown();
    }

    /** One job with its events, on one thread. */
    private final class Jobs implements JobService {
        @Override
        public void touch(Job job, String folder) {
            throw new UnsupportedOperationException("the page changes nothing");
        }

        private final List<JobEvent> events = new ArrayList<>();
        private final List<Watcher> waiting = new ArrayList<>();
        private final CountDownLatch closed = new CountDownLatch(1);
        private final AtomicInteger watches = new AtomicInteger();
        private final AtomicInteger pauses = new AtomicInteger();

        @Override
        public JobStatus get(String id) {
            if (!id.equals("job-1")) {
                throw new Refused(Refused.Kind.UNKNOWN, "There is no job " + id);
            }
            return JobStatus.newBuilder()
                    .setId(id)
                    .setNextSequence(events.size())
                    .build();
        }

        @Override
        public AutoCloseable watch(String id, long from, Watcher watcher) {
            watches.incrementAndGet();
            send(watcher, (int) from);
            return closed::countDown;
        }

        /** As the coordinator does: no event while the watcher can't take one. */
        private void send(Watcher watcher, int from) {
            for (int next = from; next < events.size(); next++) {
                if (!watcher.event(events.get(next))) {
                    pauses.incrementAndGet();
                    int after = next + 1;
                    watcher.whenReady(() -> thread.execute(() -> send(watcher, after)));
                    return;
                }
            }
            waiting.add(watcher);
        }

        void happens(int steps) {
            thread.execute(() -> {
                int from = events.size();
                for (int i = 0; i < steps; i++) {
                    JobEvent.Builder event = JobEvent.newBuilder();
                    event.setSequence(events.size());
                    event.getProgressBuilder()
                            .setStep(StepDone.newBuilder()
                                    .setStep(events.size() + 1)
                                    .setLoss(0.5));
                    events.add(event.build());
                }
                List<Watcher> all = List.copyOf(waiting);
                waiting.clear();
                all.forEach(watcher -> send(watcher, from));
            });
        }

        @Override
        public CompletionStage<JobStatus> submit(SubmitRequest request) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <T> CompletionStage<T> whenOpen(String id, Supplier<T> work) {
            return CompletableFuture.completedFuture(work.get());
        }

        @Override
        public ListResponse list(ListRequest request) {
            throw new UnsupportedOperationException();
        }

        @Override
        public JobStatus cancel(String id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public JobStatus pause(String id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public JobStatus resume(String id) {
            throw new UnsupportedOperationException();
        }

        @Override
        public JobStatus prioritize(String id, int priority) {
            throw new UnsupportedOperationException();
        }

        @Override
        public ListWorkersResponse workers() {
            throw new UnsupportedOperationException();
        }
    }

    /** A browser's end of a stream. */
    private static final class Stream implements AutoCloseable {
        private final BufferedReader lines;

        Stream(InputStream body) {
            lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
        }

        JsonObject next(String event) throws IOException {
            String line = lines.readLine();
            while (!line.equals("event: " + event)) {
                assertFalse(line.startsWith("event: "), line + " instead of " + event);
                line = lines.readLine();
            }
            String data = lines.readLine().substring("data: ".length());
            return JsonParser.parseString(data).getAsJsonObject();
        }

        @Override
        public void close() throws IOException {
            lines.close();
        }
    }

    private HttpResponse<InputStream> ask(String job) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + "/api/jobs/" + job);
        return CLIENT.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofInputStream());
    }

    private static long lastStep(JsonArray points) {
        return points.get(points.size() - 1).getAsJsonArray().get(0).getAsLong();
    }

    @Test
    void aBrowserGetsThePastAtOnceAndThenTheNews() throws Exception {
        jobs.happens(3);
        try (Stream stream = new Stream(ask("job-1").body())) {
            JsonObject whole = stream.next("whole");
            assertEquals("job-1", whole.get("job").getAsString());
            assertEquals("[[1,0.5],[2,0.5],[3,0.5]]", whole.get("loss").toString());
            jobs.happens(1);
            assertEquals("[[4,0.5]]", stream.next("news").get("points").toString());
        }
    }

    @Test
    void aLongPastComesInParts() throws Exception {
        jobs.happens(50_000);
        try (Stream stream = new Stream(ask("job-1").body())) {
            JsonArray loss = stream.next("whole").getAsJsonArray("loss");
            assertEquals(50_000, lastStep(loss), "not before all of it was told");
            assertTrue(loss.size() <= 600);
            assertTrue(jobs.pauses.get() > 0, "it was told to wait");
        }
    }

    @Test
    void twoBrowsersShareOneWatchThatEndsWithTheLast() throws Exception {
        jobs.happens(1);
        try (Stream one = new Stream(ask("job-1").body())) {
            one.next("whole");
            try (Stream two = new Stream(ask("job-1").body())) {
                two.next("whole");
                jobs.happens(1);
                assertEquals(2, lastStep(one.next("news").getAsJsonArray("points")));
                assertEquals(2, lastStep(two.next("news").getAsJsonArray("points")));
                assertEquals(1, jobs.watches.get());
            }
            assertEquals(1, jobs.closed.getCount(), "one still follows");
        }
        jobs.closed.await();
    }

    @Test
    void aJobThatIsUnknownIsNotFoundWhichIsNoErrorInTheLog() throws Exception {
        ListAppender<ILoggingEvent> logged = new ListAppender<>();
        Logger router = (Logger) LoggerFactory.getLogger("io.vertx.ext.web");
        logged.start();
        router.addAppender(logged);
        try {
            HttpResponse<InputStream> answer = ask("job-2");
            assertEquals(404, answer.statusCode());
            assertEquals("There is no such job.\n", new String(answer.body().readAllBytes(), UTF_8));
            assertEquals(List.of(), logged.list);
        } finally {
            router.detachAppender(logged);
        }
    }
}
