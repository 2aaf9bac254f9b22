package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.proto.Job;
import org.simreg.proto.SubmitRequest;

/** The live page of a real coordinator in a real browser, while toy workers train. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PageTest {
    /** For people to look at. */
    private static final Path PICTURES = Path.of("target");

    private static final String MARKUP = "<img src=x onerror=\"document.title='owned'\">";

    @TempDir
    static Path folder;

    private static Vertx vertx;
    private static CoordinatorNode node;
    private static ApiClient client;
    private static Chromium browser;
    private static Web web;

    @BeforeAll
    static void open() throws Exception {
        vertx = VertxInstances.alone();
        node = new CoordinatorNode(ObserveTest.settings(folder.resolve("home")));
        web = new Web(node.http().orElseThrow());
        client = ApiClient.open(new HostPort("127.0.0.1", node.port()), Duration.ofSeconds(10));
        browser = new Chromium(Files.createDirectory(folder.resolve("browser")));
    }

    @AfterAll
    static void close() throws Exception {
        browser.close();
        client.close();
        node.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private static Job job(String name, String data) {
        Job.Builder job = Job.newBuilder().setName(name);
        job.getDatasetBuilder().clearPath().addPath(data);
        job.addTeachersBuilder().setSource("self");
        job.getOptimizationBuilder().setEpochs(200).setBatch(8).setMicroBatches(4);
        job.getPlacementBuilder().setMinWorkers(2).setMaxWorkers(2);
        job.getCheckpointsBuilder().setOutput(folder.resolve(name).toString());
        return job.build();
    }

    private static void submit(Job job) {
        client.ask(jobs -> jobs.submit(SubmitRequest.newBuilder().setJob(job).build()));
    }

    @Test
    void aJobIsFollowedFromTheEmptyPageToItsLossOfAWorker() throws Exception {
        browser.size(400, 900);
        browser.open(web.uri("/"));
        browser.await("document.querySelector('#empty:not([hidden]) pre')?.innerText.includes(':" + node.port() + "')");
        CountDownLatch seen = new CountDownLatch(1);
        ToyWorker.Mischief pause = (worker, point, step) -> hold(seen, point, step);
        Map<String, ToyWorker> workers = new TreeMap<>();
        for (String name : List.of("one", "two", "three")) {
            workers.put(name, ToyWorker.at(vertx, node.port(), name, pause));
        }
        try {
            submit(job("curve", MARKUP));
            browser.await("document.querySelector('#detail h1')?.textContent === 'curve'");
            browser.await("document.querySelectorAll('.part').length === 2");
            browser.await("document.querySelector('.chart .drawing').ariaLabel?.includes(' at step 300.')");
            browser.await("document.querySelector('.facts').innerText.includes('onerror')");
            assertEquals(0, browser.value("document.querySelectorAll('img[src=x]').length"));
            assertTrue((int) browser.value("document.documentElement.scrollWidth") <= 400);
            browser.picture(PICTURES.resolve("page-narrow.png"));
            lateAndByKeyboard();
            workers.get(browser.value("document.querySelector('.part b').textContent"))
                    .kill();
            seen.countDown();
            browser.await("document.querySelector('.pill[data-cause=loss]') !== null");
            browser.picture(PICTURES.resolve("page-dark.png"));
            assertFalse(String.valueOf(browser.value("document.title")).contains("owned"));
            assertEquals(List.of(), browser.errors());
        } finally {
            seen.countDown();
            workers.values().forEach(worker -> worker.kill().join());
        }
    }

    /** At step 300 it waits until the page was looked at. */
    private static void hold(CountDownLatch seen, ToyJob.Point point, long step) {
        if (point == ToyJob.Point.BACKWARD && step == 300) {
            try {
                seen.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /**
     * A page that is opened late (another query: else it is the same one) shows the whole curve,
     * and its points can be read by keys.
     */
    private static void lateAndByKeyboard() {
        browser.size(1600, 1000);
        browser.dark(true);
        browser.open(web.uri("/?late#job/curve"));
        browser.await("(document.querySelector('.chart path')?.getAttribute('d') ?? '').split('L').length >= 300");
        browser.value("document.querySelector('.chart .drawing').focus()");
        browser.key("Home");
        browser.await("document.querySelector('.chart .hint').innerText.startsWith('step 1:')");
        browser.key("ArrowRight");
        browser.await("document.querySelector('.chart .hint').innerText.startsWith('step 2:')");
        assertEquals("live", browser.value("document.querySelector('#link').dataset.state"));
    }

    @Test
    void thePageRunsNothingThatIsNotItsOwn() throws Exception {
        var answer = web.get("/");
        String policy = answer.headers().firstValue("Content-Security-Policy").orElseThrow();
        assertTrue(policy.startsWith("default-src 'none'; script-src 'self';"), policy);
        assertFalse(policy.contains("unsafe"), policy);
        assertFalse(answer.body().matches("(?s).*(https?:|<style|<script>| on[a-z]+=).*"));
        assertEquals(404, web.get("/api/jobs/no-such").statusCode());
        assertEquals(404, web.get("/../version.properties").statusCode());
    }
}
