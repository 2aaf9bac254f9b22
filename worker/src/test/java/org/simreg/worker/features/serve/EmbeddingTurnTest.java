package org.simreg.worker.features.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EmbeddingTurnTest {
    private static final long LEAST_MS = 50;

    private final ExecutorService viewer = Executors.newSingleThreadExecutor();
    private final EmbeddingTurn turn = new EmbeddingTurn();
    private final CountDownLatch begun = new CountDownLatch(1);

    @AfterEach
    void ends() {
        viewer.shutdownNow();
    }

    @Test
    void oneThatComputedIsNotGivenUp() throws Exception {
        CompletableFuture<Boolean> worked = CompletableFuture.supplyAsync(
                () -> turn.take(() -> {
                    long until = cpu() + TimeUnit.MILLISECONDS.toNanos(LEAST_MS + 10);
                    while (cpu() < until) {
                        Thread.onSpinWait();
                    }
                    begun.countDown();
                    while (!Thread.currentThread().isInterrupted()) {
                        Thread.onSpinWait();
                    }
                    return true;
                }),
                viewer);
        assertTrue(begun.await(20, TimeUnit.SECONDS));
        assertEquals(Optional.empty(), turn.giveUpUnlessComputing(LEAST_MS));
        turn.end();
        assertTrue(worked.get(20, TimeUnit.SECONDS));
    }

    @Test
    void oneThatHadNoProcessorIsInterruptedAndSaysSo() throws Exception {
        CompletableFuture<Boolean> worked = CompletableFuture.supplyAsync(() -> turn.take(this::waits), viewer);
        assertTrue(begun.await(20, TimeUnit.SECONDS));
        String reason = turn.giveUpUnlessComputing(20_000).orElseThrow();
        assertTrue(reason.contains("too busy"), reason);
        assertTrue(worked.get(20, TimeUnit.SECONDS), "interrupted");
        assertEquals(
                false,
                CompletableFuture.supplyAsync(Thread::interrupted, viewer).get(20, TimeUnit.SECONDS),
                "the next task is not");
    }

    @Test
    void oneThatHasNotBegunNeverBegins() {
        assertTrue(turn.giveUpUnlessComputing(LEAST_MS).orElseThrow().contains("other queries"));
        assertThrows(CancellationException.class, () -> turn.take(() -> true));
    }

    private boolean waits() {
        begun.countDown();
        try {
            new CountDownLatch(1).await();
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    private static long cpu() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
