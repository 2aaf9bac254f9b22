package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.JobState;

/** Workers that are asked to leave, and don't wait for what concerns others only. */
@Timeout(60)
class LeavingTest {
    @TempDir
    Path folder;

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void oneThatLeavesDoesNotFinishLoadingForAJobThatOthersTrain() {
        CountDownLatch loading = new CountDownLatch(1);
        CountDownLatch loaded = new CountDownLatch(1);
        Vertx vertx = VertxInstances.alone();
        try (ToyCluster cluster = new ToyCluster(folder, vertx)) {
            Job.Builder job = Job.newBuilder().setName("toy");
            job.getDatasetBuilder().addPath("pictures");
            job.addTeachersBuilder().setSource("self");
            job.getOptimizationBuilder().setEpochs(2).setBatch(8).setMicroBatches(2);
            job.getCheckpointsBuilder().setOutput(folder.resolve("run").toString());
            String id = cluster.submit(job.build()).getId();
            ToyWorker slow = cluster.worker("slow", (worker, point, step) -> {
                if (point == ToyJob.Point.OPEN) {
                    loading.countDown();
                    await(loaded);
                }
            });
            await(loading);
            slow.leave().join();
            assertEquals(1, loaded.getCount(), "it is gone and still loads");
            cluster.worker("quick", (worker, point, step) -> {});
            cluster.await(id, Duration.ofSeconds(30), status -> status.getState() == JobState.SUCCEEDED);
            loaded.countDown();
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    @Test
    void oneWithoutAJobDoesNotWaitForACoordinatorThatIsAway() throws Exception {
        Vertx vertx = VertxInstances.alone();
        try (ToyCluster cluster = new ToyCluster(folder, vertx)) {
            ToyWorker idle = cluster.worker("idle", (worker, point, step) -> {});
            cluster.stopCoordinator();
            idle.leave().get(10, TimeUnit.SECONDS);
            cluster.startCoordinator();
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }
}
