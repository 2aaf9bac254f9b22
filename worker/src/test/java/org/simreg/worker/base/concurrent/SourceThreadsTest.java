package org.simreg.worker.base.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class SourceThreadsTest {
    private final SourceThreads threads = new SourceThreads("test", 2);
    private final CountDownLatch never = new CountDownLatch(1);
    private final AtomicInteger hanging = new AtomicInteger();

    @AfterEach
    void close() {
        never.countDown();
        threads.close();
    }

    private void hang() {
        hanging.incrementAndGet();
        try {
            never.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String ranOn(Executor executor) throws Exception {
        return CompletableFuture.supplyAsync(() -> Thread.currentThread().getName(), executor)
                .get(10, TimeUnit.SECONDS);
    }

    @Test
    void aSourceThatHangsHoldsUpItsOwnTasksOnly() throws Exception {
        Executor dead = threads.of("dead");
        for (int i = 0; i < 10; i++) {
            dead.execute(this::hang);
        }
        for (int i = 0; i < 20; i++) {
            assertTrue(ranOn(threads.of("source " + i)).startsWith("test-"));
        }
        while (hanging.get() < 2) {
            Thread.onSpinWait();
        }
        assertEquals(2, hanging.get());
        never.countDown();
        while (hanging.get() < 10) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aTaskThatThrowsFreesItsThread() throws Exception {
        Executor one = threads.of("one");
        CountDownLatch thrown = new CountDownLatch(10);
        for (int i = 0; i < 10; i++) {
            one.execute(() -> {
                thrown.countDown();
                throw new IllegalStateException("on purpose");
            });
        }
        thrown.await();
        ranOn(one);
    }

    @Test
    void afterTheEndNothingIsTaken() throws Exception {
        Executor one = threads.of("one");
        CompletableFuture<Void> begun = new CompletableFuture<>();
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        one.execute(() -> {
            begun.complete(null);
            hang();
            interrupted.complete(Thread.currentThread().isInterrupted());
        });
        begun.get(10, TimeUnit.SECONDS);
        threads.close();
        assertTrue(interrupted.get(10, TimeUnit.SECONDS));
        assertThrows(RejectedExecutionException.class, () -> threads.of("two").execute(this::hang));
    }
}
