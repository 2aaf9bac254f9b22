package org.simreg.coordinator.view.web;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.grpc.Status;
import io.vertx.core.Vertx;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.search.bank.BankView;
import org.simreg.coordinator.view.observe.ClusterSurvey;
import org.simreg.coordinator.view.observe.Health;
import org.simreg.coordinator.view.report.ReportPage;
import org.simreg.proto.BankRecord;
import org.simreg.proto.BankStatus;
import org.simreg.proto.Found;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.SearchRequest;
import org.simreg.proto.SearchResponse;
import org.simreg.proto.UserError;
import org.simreg.proto.WorkerStatus;
import org.simreg.worker.base.concurrent.WatchedPool;

/** Answers of the HTTP port to a client, without a coordinator behind it. */
@Timeout(60)
class RoutesTest {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final String HOSTILE = "</script>\"\\\n\u2028";

    @TempDir
    Path folder;

    private final Vertx vertx = Vertx.vertx();
    private final Health health = new Health();
    private final AtomicReference<SearchRequest> asked = new AtomicReference<>();
    private final AtomicReference<Optional<String>> journal = new AtomicReference<>(Optional.empty());
    private WebServer server;

    @BeforeEach
    void serve() throws Exception {
        Files.write(folder.resolve("a.png"), new byte[] {1, 2, 3});
        Files.write(folder.resolve("b.html"), new byte[] {4});
        health.ready("journal", journal::get);
        PageRoutes.Setup page = new PageRoutes.Setup(
                "1.2",
                7100,
                task -> {},
                RoutesTest::survey,
                () -> OptionalInt.of(4),
                new BankPictures(
                        () -> List.of(bank()),
                        this::find,
                        (dataset, path) -> Files.readAllBytes(Path.of(dataset.getPath(0), path)),
                        new WatchedPool("pictures", 1, WatchedPool.PATIENCE)));
        server = WebServer.listen(vertx, new HostPort("127.0.0.1", 0), router -> {
            OpsRoutes.route(vertx, router, () -> "some_metric 1\n", health);
            PageRoutes.route(vertx, router, page);
        });
    }

    @AfterEach
    void close() {
        server.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private static ClusterSurvey survey() {
        JobStatus.Builder job = JobStatus.newBuilder().setId("job-1").setReason(HOSTILE);
        job.setState(JobState.RUNNING).setStep(3).setLoss(Double.NaN);
        job.getJobBuilder().addTeachersBuilder().setSource("self");
        job.addHelpers(JobStatus.Helper.newBuilder().setWorker("w2").setShare(0.25));
        WorkerStatus worker =
                WorkerStatus.newBuilder().setWorker("w1").setJob("job-1").build();
        return new ClusterSurvey(Map.of(JobState.RUNNING, 1L), List.of(job.build()), List.of(worker));
    }

    private BankView bank() {
        BankRecord.Builder record = BankRecord.newBuilder().setName("birds").setRows(2);
        record.setState(BankStatus.State.READY);
        record.getSourceBuilder().getImagesBuilder().getDatasetBuilder().addPath(folder.toString());
        List<String> names = List.of("a.png", "b.html");
        return new BankView(record.build(), Optional.of(new BankView.Naming() {
            @Override
            public String of(long id) {
                return names.get((int) id);
            }

            @Override
            public OptionalLong find(String name) {
                return names.contains(name) ? OptionalLong.of(names.indexOf(name)) : OptionalLong.empty();
            }
        }));
    }

    private CompletableFuture<SearchResponse> find(SearchRequest request) {
        asked.set(request);
        if (request.getImages(0).size() < 3) {
            return CompletableFuture.failedFuture(Status.INVALID_ARGUMENT
                    .withDescription("The picture can't be read")
                    .asRuntimeException());
        }
        Found.Hit hit = Found.Hit.newBuilder()
                .setId(1)
                .setLabel(HOSTILE)
                .setCosine(0.5f)
                .build();
        return CompletableFuture.completedFuture(SearchResponse.newBuilder()
                .addFound(Found.newBuilder().addHits(hit))
                .build());
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
    }

    private HttpResponse<String> get(String path) throws Exception {
        return CLIENT.send(request(path).build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String path, byte[] body) throws Exception {
        return CLIENT.send(request(path).POST(BodyPublishers.ofByteArray(body)).build(), BodyHandlers.ofString());
    }

    private static String header(HttpResponse<?> answer, String name) {
        return answer.headers().firstValue(name).orElse("");
    }

    @Test
    void healthNamesTheComponentThatIsDown() throws Exception {
        assertEquals(
                "{\"status\":\"up\",\"components\":[{\"name\":\"journal\",\"status\":\"up\"," + "\"reason\":\"\"}]}",
                get("/health/ready").body());
        journal.set(Optional.of("the disk is full"));
        HttpResponse<String> down = get("/health/ready");
        assertEquals(503, down.statusCode());
        assertEquals("no-store", header(down, "Cache-Control"));
        assertTrue(down.body().startsWith("{\"status\":\"down\""), down.body());
        assertTrue(down.body().contains("\"reason\":\"the disk is full\""), down.body());
        assertEquals("some_metric 1\n", get("/metrics").body());
    }

    @Test
    void thePagesFilesComeOnceAndUnderItsPolicy() throws Exception {
        HttpResponse<String> page = get("/");
        assertTrue(header(page, "Content-Security-Policy").contains("script-src 'self'"));
        assertEquals("nosniff", header(page, "X-Content-Type-Options"));
        HttpResponse<String> chart = get("/chart.js");
        assertEquals("text/javascript; charset=utf-8", header(chart, "Content-Type"));
        assertArrayEquals(ReportPage.asset("chart.js"), chart.body().getBytes("UTF-8"));
        HttpRequest again = request("/chart.js")
                .header("If-None-Match", header(chart, "ETag"))
                .build();
        assertEquals(304, CLIENT.send(again, BodyHandlers.ofString()).statusCode());
        assertEquals(404, get("/report.css").statusCode(), "of written pages only");
        for (String file : List.of("/page.css", "/chart.css", "/scores.js", "/icon.svg")) {
            assertEquals(200, get(file).statusCode(), file);
            assertTrue(file.equals("/icon.svg") || !get(file).body().isEmpty());
        }
    }

    @Test
    void theOverviewIsOneLineOfJsonThatAnyNameFitsIn() throws Exception {
        HttpResponse<InputStream> stream = CLIENT.send(request("/api/overview").build(), BodyHandlers.ofInputStream());
        assertEquals("text/event-stream", header(stream, "Content-Type"));
        try (var lines = new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            while (!line.startsWith("data: ")) {
                line = lines.readLine();
            }
            JsonObject all = JsonParser.parseString(line.substring(6)).getAsJsonObject();
            assertEquals("{\"running\":1}", all.get("counts").toString());
            assertEquals(4, all.get("wanted").getAsInt());
            assertTrue(all.get("search").getAsBoolean());
            JsonObject job = all.getAsJsonArray("jobs").get(0).getAsJsonObject();
            assertEquals(HOSTILE, job.get("reason").getAsString());
            assertEquals("[\"self\"]", job.get("teachers").toString());
            assertEquals(
                    "[{\"worker\":\"w2\",\"share\":0.25}]", job.get("helpers").toString());
            assertTrue(job.get("loss").isJsonNull(), "no number");
            assertTrue(job.get("checkpoint").isJsonNull(), "none yet");
            JsonObject worker = all.getAsJsonArray("workers").get(0).getAsJsonObject();
            assertEquals("w1", worker.get("name").getAsString());
        }
    }

    @Test
    void aBankIsListedAndSearchedByPictureAndBySample() throws Exception {
        assertEquals(
                "[{\"name\":\"birds\",\"pictures\":2,\"byPicture\":true}]",
                get("/api/banks").body());
        HttpResponse<String> found = post("/api/banks/birds/search?count=7", new byte[] {9, 9, 9});
        assertEquals(200, found.statusCode());
        JsonObject match =
                JsonParser.parseString(found.body()).getAsJsonArray().get(0).getAsJsonObject();
        assertEquals("1", match.get("sample").getAsString());
        assertEquals(HOSTILE, match.get("label").getAsString());
        assertEquals(7, asked.get().getK());
        assertEquals(200, get("/api/banks/birds/search?sample=a.png&count=9999").statusCode());
        assertEquals(24, asked.get().getK(), "no such count");
        get("/api/banks/birds/search?sample=0&count=500");
        assertEquals(100, asked.get().getK(), "the most");
        assertArrayEquals(new byte[] {1, 2, 3}, asked.get().getImages(0).toByteArray());
    }

    @Test
    void whatTheUserCanMendIsASentence() throws Exception {
        HttpResponse<String> broken = post("/api/banks/birds/search", new byte[] {1});
        assertEquals(400, broken.statusCode());
        assertEquals("{\"error\":\"The picture can\\u0027t be read\"}", broken.body());
        HttpResponse<String> none = get("/api/banks/fish/picture?sample=0");
        assertEquals(400, none.statusCode());
        assertTrue(none.body().contains("There is no bank fish"), none.body());
    }

    @Test
    void onlyPicturesAreSentAsPictures() throws Exception {
        assertEquals("image/png", header(get("/api/banks/birds/picture?sample=0"), "Content-Type"));
        HttpResponse<String> page = get("/api/banks/birds/picture?sample=1");
        assertEquals(200, page.statusCode());
        assertEquals("application/octet-stream", header(page, "Content-Type"));
        assertFalse(header(page, "Content-Security-Policy").isEmpty());
    }

    @Test
    void aPortThatIsTakenIsRefusedInASentence() {
        HostPort taken = new HostPort("127.0.0.1", server.port());
        UserError refused = assertThrows(UserError.class, () -> WebServer.listen(vertx, taken, router -> {}));
        assertTrue(refused.getMessage().contains("choose another with --http"));
    }
}
