package org.simreg.worker.features.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simreg.worker.base.concurrent.Abandoned;

/** Tests of the turns of parts, some of whose images never come. */
@Timeout(30)
class EmbeddingTurnsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(5));
    private final EmbeddingTurns turns = new EmbeddingTurns(PATIENCE, now::get);

    private void pass() {
        now.addAndGet(PATIENCE.toNanos() + 1);
    }

    @Test
    void whoseImagesDoNotComeIsInterruptedWhenAnotherAsksAndHasItsTurnAgain() throws Exception {
        CompletableFuture<Void> waits = new CompletableFuture<>();
        List<String> told = Collections.synchronizedList(new ArrayList<>());
        CompletableFuture<Void> hung = CompletableFuture.runAsync(() -> {
            EmbeddingTurns.Turn first = turns.take(() -> false);
            try (first) {
                first.waits();
                waits.complete(null);
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                told.add("lost " + first.isLost());
                assertThrows(Abandoned.class, first::computes);
            }
            try (EmbeddingTurns.Turn again = turns.take(() -> false)) {
                again.computes();
                told.add("again " + again.isLost());
            }
            assertFalse(Thread.currentThread().isInterrupted());
        });
        waits.get();
        pass();
        try (EmbeddingTurns.Turn other = turns.take(() -> false)) {
            other.computes();
            while (told.isEmpty()) {
                Thread.onSpinWait();
            }
            assertFalse(hung.isDone());
        }
        hung.get();
        assertEquals(List.of("lost true", "again false"), told);
        assertTrue(turns.awaitEnd(Duration.ZERO));
    }

    /** The network is one for all: who computes with it, however slowly, keeps it. */
    @Test
    void whoComputesKeepsItsTurnHoweverLongThatTakes() throws Exception {
        try (EmbeddingTurns.Turn slow = turns.take(() -> false)) {
            slow.waits();
            slow.computes();
            pass();
            AtomicBoolean asked = new AtomicBoolean();
            CompletableFuture<Void> other = CompletableFuture.runAsync(() -> turns.take(() -> asked.getAndSet(true)));
            other.exceptionally(e -> null).get();
            assertTrue(other.isCompletedExceptionally());
            assertFalse(slow.isLost());
            assertFalse(turns.awaitEnd(Duration.ZERO));
        }
    }

    @Test
    void theyHaveTheirTurnsInTheOrderInWhichTheyAsk() throws Exception {
        List<Integer> order = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<Void>> all = new ArrayList<>();
        try (EmbeddingTurns.Turn first = turns.take(() -> false)) {
            for (int i = 0; i < 4; i++) {
                int place = i;
                CompletableFuture<Void> asks = new CompletableFuture<>();
                all.add(CompletableFuture.runAsync(
                        () -> {
                            // The first question whether it is still wanted comes once it waits in the queue.
                            try (EmbeddingTurns.Turn mine = turns.take(() -> {
                                asks.complete(null);
                                return false;
                            })) {
                                mine.computes();
                                order.add(place);
                            }
                        },
                        task -> new Thread(task).start()));
                asks.get();
            }
            first.computes();
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get();
        assertEquals(List.of(0, 1, 2, 3), order);
    }
}
