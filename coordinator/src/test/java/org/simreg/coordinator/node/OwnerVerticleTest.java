package org.simreg.coordinator.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class OwnerVerticleTest {
    private final Vertx vertx = Vertx.vertx();
    private final OwnerVerticle<Owned> verticle = new OwnerVerticle<>("simreg-owner", thread -> new Owned());

    /** An object that notes the threads that touch it. */
    private static final class Owned implements AutoCloseable {
        private final List<String> threads = new ArrayList<>();

        Owned() {
            touch();
        }

        void touch() {
            threads.add(Thread.currentThread().getName());
        }

        @Override
        public void close() {
            touch();
        }
    }

    @AfterEach
    void close() throws Exception {
        await(vertx.close());
    }

    private static <T> T await(io.vertx.core.Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private String deploy() throws Exception {
        return await(vertx.deployVerticle(verticle, verticle.options()));
    }

    @Test
    void everythingThatTouchesTheOwnedRunsOnItsOneThread() throws Exception {
        CompletableFuture<Void> timed = new CompletableFuture<>();
        verticle.execute(() -> verticle.owned().touch());
        String id = deploy();
        verticle.execute(() -> verticle.after(0, () -> {
            verticle.owned().touch();
            timed.complete(null);
        }));
        timed.get(20, TimeUnit.SECONDS);
        await(verticle.call(owned -> {
            owned.touch();
            return owned.threads.size();
        }));
        await(vertx.undeploy(id));
        List<String> threads = verticle.owned().threads;
        assertEquals(5, threads.size(), threads.toString());
        assertEquals(1, threads.stream().distinct().count(), threads.toString());
        assertTrue(threads.get(0).startsWith("simreg-owner"), threads.get(0));
    }

    @Test
    void aFailureReachesTheOneWhoAsked() throws Exception {
        deploy();
        IllegalStateException wrong = new IllegalStateException("none");
        ExecutionException failure = assertThrows(
                ExecutionException.class,
                () -> await(verticle.call(owned -> {
                    throw wrong;
                })));
        assertSame(wrong, failure.getCause());
    }

    @Test
    void aTaskThatFailsKeepsNoneThatFollows() throws Exception {
        deploy();
        verticle.execute(() -> {
            throw new IllegalStateException("one of many");
        });
        assertEquals("next", await(verticle.call(owned -> "next")));
    }

    @Test
    void aPeriodicTaskRunsUntilTheEnd() throws Exception {
        CompletableFuture<Void> thrice = new CompletableFuture<>();
        int[] times = new int[1];
        String id = deploy();
        verticle.execute(() -> verticle.every(1, () -> {
            if (++times[0] == 3) {
                thrice.complete(null);
            }
        }));
        thrice.get(20, TimeUnit.SECONDS);
        await(vertx.undeploy(id));
        int atEnd = times[0];
        CompletableFuture<Void> later = new CompletableFuture<>();
        vertx.setTimer(50, timer -> later.complete(null));
        later.get(20, TimeUnit.SECONDS);
        assertEquals(atEnd, times[0]);
    }

    @Test
    void aCancelledTimerNeverRuns() throws Exception {
        CompletableFuture<Void> second = new CompletableFuture<>();
        AtomicBoolean ran = new AtomicBoolean();
        deploy();
        verticle.execute(() -> {
            Runnable cancel = verticle.after(5, () -> ran.set(true));
            verticle.after(50, () -> second.complete(null));
            cancel.run();
        });
        second.get(20, TimeUnit.SECONDS);
        assertEquals(false, ran.get());
    }

    @Test
    void tasksThatComeWhileItEndsAreDroppedInSilence() throws Exception {
        Queue<Throwable> thrown = new ConcurrentLinkedQueue<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> thrown.add(e));
        AtomicBoolean gone = new AtomicBoolean();
        Thread giving = new Thread(() -> {
            while (!gone.get()) {
                verticle.execute(() -> {});
            }
        });
        try {
            String id = deploy();
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
