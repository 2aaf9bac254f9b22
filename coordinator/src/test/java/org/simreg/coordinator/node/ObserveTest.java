package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonParser;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.vertx.core.Vertx;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.coordinator.grpc.client.ApiClient;
import org.simreg.coordinator.grpc.client.HostPort;
import org.simreg.coordinator.job.scale.ScaleSettings;
import org.simreg.coordinator.store.hazelcast.ClusterAddress;
import org.simreg.proto.Job;
import org.simreg.proto.JobRequest;
import org.simreg.proto.SubmitRequest;
import org.simreg.worker.exchange.mesh.PeerTransport;
import org.simreg.worker.exchange.wire.NettyWire;

/** Metrics and health of a real coordinator, by HTTP and gRPC, while toy workers train. */
class ObserveTest {
    @TempDir
    static Path folder;

    private static Vertx vertx;
    private static CoordinatorNode node;
    private static ApiClient client;
    private static Web web;

    @BeforeAll
    static void open() {
        vertx = VertxInstances.alone();
        node = new CoordinatorNode(settings(folder.resolve("home")));
        web = new Web(node.http().orElseThrow());
        client = ApiClient.open(new HostPort("127.0.0.1", node.port()), Duration.ofSeconds(10));
    }

    static CoordinatorNode.Settings settings(Path home) {
        ClusterAddress cluster = new ClusterAddress("observe", "127.0.0.1", 0, List.of(), Optional.empty());
        return new CoordinatorNode.Settings(
                "127.0.0.1",
                0,
                home,
                ToyCluster.VERSION,
                cluster,
                Optional.of(new CoordinatorNode.HttpAddress(new HostPort("127.0.0.1", 0), Set.of(), false)),
                ScaleSettings.USUAL,
                ServerProtection.NONE);
    }

    @AfterAll
    static void close() {
        client.close();
        node.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private static double value(String metrics, String line) {
        return metrics.lines()
                .filter(one -> one.startsWith(line + " "))
                .mapToDouble(one -> Double.parseDouble(one.substring(line.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + line + " in\n" + metrics));
    }

    @Test
    void aJobLeavesItsTracesInTheMetrics() throws Exception {
        Job.Builder job = Job.newBuilder().setName("measured");
        job.getDatasetBuilder().addPath("pictures");
        job.addTeachersBuilder().setSource("self");
        job.getOptimizationBuilder().setEpochs(2).setBatch(8).setMicroBatches(2);
        job.getCheckpointsBuilder().setOutput(folder.resolve("run").toString());
        job.getPlacementBuilder().setMinWorkers(2);
        double before = value(web.get("/metrics").body(), "simreg_images_total");
        assertEquals(0, value(web.get("/metrics").body(), "simreg_workers{state=\"training\"}"));
        client.ask(jobs -> jobs.submit(SubmitRequest.newBuilder().setJob(job).build()));
        web.await("/metrics", a -> value(a.body(), "simreg_jobs{state=\"queued\"}") == 1);
        ToyWorker one = ToyWorker.at(vertx, node.port(), "one", (worker, point, step) -> {});
        ToyWorker two = ToyWorker.at(vertx, node.port(), "two", (worker, point, step) -> {});
        try {
            String metrics = web.await(
                            "/metrics",
                            // A scrape reads one after the other.
                            a -> value(a.body(), "simreg_images_total") == before + 80
                                    && value(a.body(), "simreg_step_seconds_count") == 10)
                    .body();
            assertEquals(1, value(metrics, "simreg_generations_total{reason=\"begin\"}"));
            assertEquals(0, value(metrics, "simreg_generations_total{reason=\"loss\"}"));
            assertTrue(value(metrics, "simreg_step_part_seconds_total{part=\"reduce\"}") >= 0);
            assertTrue(value(metrics, "simreg_memory_resident_bytes") > 50e6);
            assertTrue(value(metrics, "simreg_memory_heap_bytes") > 1e6);
            assertTrue(metrics.contains("jvm_gc_"), metrics);
            long least = 10L * (ToyStudent.LENGTH / 2) * Float.BYTES;
            assertTrue(one.sent() > least && two.received() > least, "bytes between workers");
            // The toy's checkpoints hold no network, so that the exports can't be written.
            web.await("/metrics", a -> value(a.body(), "simreg_jobs{state=\"failed\"}") == 1);
        } finally {
            one.kill().join();
            two.kill().join();
        }
    }

    @Test
    void everyComponentSaysByGrpcAndHttpWhetherItWorks() throws Exception {
        ManagedChannel channel = ManagedChannelBuilder.forAddress("127.0.0.1", node.port())
                .usePlaintext()
                .build();
        try {
            HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(channel);
            for (String name : List.of("", "jobs", "workers", "journal", "files", "hazelcast")) {
                HealthCheckRequest request =
                        HealthCheckRequest.newBuilder().setService(name).build();
                assertEquals(ServingStatus.SERVING, health.check(request).getStatus(), name);
            }
        } finally {
            channel.shutdownNow();
        }
        for (String path : List.of("/health/live", "/health/ready", "/health/started")) {
            assertEquals(200, web.get(path).statusCode(), path);
        }
        String ready = web.get("/health/ready").body();
        assertTrue(ready.contains("{\"name\":\"journal\",\"status\":\"up\",\"reason\":\"\"}"), ready);
    }

    @Test
    void aWorkerIsReadyOnceTheCoordinatorHearsIt() throws Exception {
        WorkerNode.Observability observability = new WorkerNode.Observability();
        PeerTransport none = NettyWire.transport("127.0.0.1", 0);
        try (none;
                var server = observability.serve(
                        vertx,
                        new CoordinatorNode.HttpAddress(new HostPort("127.0.0.1", 0), Set.of(), false),
                        Optional.empty(),
                        Map.of("netty", none))) {
            Web worker = new Web(server.port());
            assertEquals(503, worker.get("/health/ready").statusCode());
            assertEquals(200, worker.get("/health/live").statusCode());
            observability.observer().attends(true);
            assertEquals(200, worker.get("/health/ready").statusCode());
            String metrics = worker.get("/metrics").body();
            assertEquals(1, value(metrics, "simreg_worker_attends"));
            assertEquals(0, value(metrics, "simreg_reduce_sent_bytes_total{transport=\"netty\"}"));
        } finally {
            observability.close();
        }
    }

    @Test
    void thePageListsOlderJobsPageByPage() throws Exception {
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 103; i++) {
            Job.Builder job = Job.newBuilder().setName("old-" + i);
            job.getDatasetBuilder().addPath("pictures");
            job.addTeachersBuilder().setSource("self");
            job.getCheckpointsBuilder().setOutput(folder.resolve("old-" + i).toString());
            SubmitRequest request = SubmitRequest.newBuilder().setJob(job).build();
            String id = client.ask(jobs -> jobs.submit(request)).getId();
            client.ask(jobs -> jobs.cancel(JobRequest.newBuilder().setId(id).build()));
            ids.add(id);
        }
        Collections.reverse(ids);
        HttpResponse<String> answer = web.get("/api/jobs?after=" + ids.get(0));
        assertEquals(200, answer.statusCode());
        List<String> found = new ArrayList<>();
        JsonParser.parseString(answer.body())
                .getAsJsonObject()
                .getAsJsonArray("jobs")
                .forEach(job -> found.add(job.getAsJsonObject().get("id").getAsString()));
        assertEquals(ids.subList(1, 101), found);
        String rest = web.get("/api/jobs?after=" + ids.get(100)).body();
        assertTrue(rest.contains("\"" + ids.get(101) + "\"") && rest.contains("\"" + ids.get(102) + "\""), rest);
        assertEquals(404, web.get("/api/jobs?after=nobody").statusCode());
        assertEquals(404, web.get("/api/jobs").statusCode());
    }
}
