package org.simreg.coordinator.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.simreg.proto.JobState;
import org.simreg.proto.JobStatus;
import org.simreg.proto.Refused;
import org.simreg.proto.SubmitRequest;

class CoordinatorVerticleTest {
    private final Vertx vertx = Vertx.vertx();
    private final MemoryStore store = new MemoryStore();
    private final CoordinatorVerticle verticle =
            new CoordinatorVerticle(
                    executor ->
                            new Keeper(
                                    new Setup(
                                            World.VERSION,
                                            Path.of("/base"),
                                            Times.USUAL,
                                            System::currentTimeMillis,
                                            executor),
                                    store,
                                    new MemoryFolders()));

    @AfterEach
    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private <T> T await(io.vertx.core.Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    @Test
    void everythingThatTouchesTheKeeperRunsOnItsOneThread() throws Exception {
        List<String> threads = new ArrayList<>();
        verticle.run(() -> threads.add(Thread.currentThread().getName()));
        await(vertx.deployVerticle(verticle, CoordinatorVerticle.options()));
        SubmitRequest request = SubmitRequest.newBuilder().setJob(World.job("one")).build();
        JobStatus status = await(verticle.call(() -> verticle.keeper().submit(request)));
        assertEquals(JobState.QUEUED, status.getState());
        verticle.run(() -> threads.add(Thread.currentThread().getName()));
        await(verticle.call(() -> threads.add(Thread.currentThread().getName())));
        assertEquals(3, threads.size());
        assertEquals(1, threads.stream().distinct().count());
        assertTrue(threads.get(0).startsWith("simreg-coordinator"), threads.get(0));
    }

    @Test
    void aRefusalReachesTheOneWhoAsked() throws Exception {
        await(vertx.deployVerticle(verticle, CoordinatorVerticle.options()));
        ExecutionException failure =
                assertThrows(
                        ExecutionException.class,
                        () -> await(verticle.call(() -> verticle.keeper().get("none"))));
        assertInstanceOf(Refused.class, failure.getCause());
    }

    @Test
    void tasksThatComeWhileItEndsAreDroppedInSilence() throws Exception {
        Queue<Throwable> thrown = new ConcurrentLinkedQueue<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> thrown.add(e));
        AtomicBoolean gone = new AtomicBoolean();
        Thread giving =
                new Thread(
                        () -> {
                            while (!gone.get()) {
                                verticle.run(() -> {});
                            }
                        });
        try {
            String id = await(vertx.deployVerticle(verticle, CoordinatorVerticle.options()));
            giving.start();
            await(vertx.undeploy(id));
        } finally {
            gone.set(true);
            giving.join();
            close();
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        assertEquals(List.of(), List.copyOf(thrown));
    }
}
