package org.simreg.worker.base.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests of a pool some of whose tasks wait for what never comes. */
@Timeout(20)
class WatchedPoolTest {
    private static final Duration PATIENCE = Duration.ofMillis(40);

    private final WatchedPool pool = new WatchedPool("test", 2, PATIENCE);
    private final CountDownLatch never = new CountDownLatch(1);

    @AfterEach
    void close() {
        never.countDown();
        pool.close();
    }

    /** As a read that no interrupt wakes. */
    private void hang() {
        boolean interrupted = false;
        while (true) {
            try {
                never.await();
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
                return;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
    }

    private static void await(CompletableFuture<?> done) throws Exception {
        done.get(10, TimeUnit.SECONDS);
    }

    private CompletableFuture<Void> hanging() {
        CompletableFuture<Void> hung = new CompletableFuture<>();
        pool.execute(this::hang, () -> hung.complete(null));
        return hung;
    }

    @Test
    void tasksThatHangHoldNoThreadFromOthers() throws Exception {
        for (int i = 0; i < 6; i++) {
            await(hanging());
        }
        CompletableFuture<String> other = new CompletableFuture<>();
        pool.execute(() -> other.complete(Thread.currentThread().getName()));
        assertTrue(other.get(10, TimeUnit.SECONDS).startsWith("test-"));
        assertEquals(Optional.empty(), pool.trouble());
    }

    @Test
    void othersBeginLongBeforeOneThatStandsStillIsGivenUp() throws Exception {
        try (WatchedPool patient = new WatchedPool("patient", 1, Duration.ofSeconds(12))) {
            CompletableFuture<Void> hung = new CompletableFuture<>();
            patient.execute(this::hang, () -> hung.complete(null));
            CompletableFuture<Void> other = new CompletableFuture<>();
            patient.execute(() -> other.complete(null));
            await(other);
            assertFalse(hung.isDone());
            never.countDown();
        }
    }

    @Test
    void whenVeryManyHangThePoolSaysSo() throws Exception {
        for (int i = 0; i < WatchedPool.MOST_HANGING; i++) {
            await(hanging());
        }
        CompletableFuture<Void> begun = new CompletableFuture<>();
        CompletableFuture<Void> waitsNoLonger = new CompletableFuture<>();
        pool.execute(() -> begun.complete(null), () -> waitsNoLonger.complete(null));
        assertTrue(
                pool.trouble().orElseThrow().contains("32 tasks of test hang"),
                pool.trouble().toString());
        await(waitsNoLonger);
        assertFalse(begun.isDone());
        never.countDown();
        while (pool.trouble().isPresent()) {
            Thread.onSpinWait();
        }
        CompletableFuture<Void> after = new CompletableFuture<>();
        pool.execute(() -> after.complete(null));
        await(after);
    }

    @Test
    void aTaskThatWaitsIsWokenAndItsThreadGoesOn() throws Exception {
        CompletableFuture<Void> woken = new CompletableFuture<>();
        pool.execute(() -> {
            try {
                never.await();
            } catch (InterruptedException e) {
                woken.complete(null);
            }
        });
        await(woken);
        for (int i = 0; i < 10; i++) {
            CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
            pool.execute(() -> interrupted.complete(Thread.currentThread().isInterrupted()));
            assertFalse(interrupted.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void orItGoesOnWhenItsStorageAnswersWhileOthersWork() throws Exception {
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        CompletableFuture<Void> other = new CompletableFuture<>();
        try (WatchedPool patient = WatchedPool.uninterrupted("patient", 1, PATIENCE)) {
            patient.execute(() -> {
                try {
                    never.await();
                    interrupted.complete(false);
                } catch (InterruptedException e) {
                    interrupted.complete(true);
                }
            });
            patient.execute(() -> other.complete(null));
            await(other);
            never.countDown();
            assertFalse(interrupted.get(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void aTaskThatGetsAheadNeverHangs() throws Exception {
        CompletableFuture<Void> hung = new CompletableFuture<>();
        CompletableFuture<Void> done = new CompletableFuture<>();
        pool.execute(
                () -> {
                    long begun = System.nanoTime();
                    while (System.nanoTime() - begun < 5 * PATIENCE.toNanos()) {
                        WatchedPool.progress();
                    }
                    done.complete(null);
                },
                () -> hung.complete(null));
        await(done);
        assertFalse(hung.isDone());
    }

    @Test
    void aCancelledTaskIsInterruptedOrNeverBegun() throws Exception {
        CompletableFuture<Void> begun = new CompletableFuture<>();
        CompletableFuture<Void> woken = new CompletableFuture<>();
        WatchedPool patient = new WatchedPool("patient", 1, Duration.ofHours(1));
        Runnable first = patient.execute(
                () -> {
                    begun.complete(null);
                    try {
                        never.await();
                    } catch (InterruptedException e) {
                        woken.complete(null);
                    }
                },
                () -> {});
        CompletableFuture<Void> second = new CompletableFuture<>();
        patient.execute(() -> second.complete(null), () -> {}).run();
        CompletableFuture<Void> third = new CompletableFuture<>();
        patient.execute(() -> third.complete(null));
        await(begun);
        first.run();
        await(woken);
        await(third);
        assertFalse(second.isDone());
        patient.close();
        assertThrows(RejectedExecutionException.class, () -> patient.execute(() -> {}));
    }
}
