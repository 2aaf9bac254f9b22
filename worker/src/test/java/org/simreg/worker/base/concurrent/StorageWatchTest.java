package org.simreg.worker.base.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // reads are there for the watch to see
class StorageWatchTest {
    private final StorageWatch watch = new StorageWatch();

    private Optional<String> look(long ms) {
        return watch.look(ms, Duration.ofSeconds(10));
    }

    @Test
    void aReadThatShowsNoProgressHangsAndIsNamed() {
        try (StorageWatch.Read read = watch.reading("/data")) {
            assertEquals(Optional.empty(), look(10_000));
            assertEquals(Optional.of("/data"), look(1));
        }
        assertEquals(Optional.empty(), look(20_000));
    }

    @Test
    void progressOfItsThreadIsItsOwn() {
        try (StorageWatch.Read outer = watch.reading("/data")) {
            look(10_000);
            WatchedPool.progress();
            assertEquals(Optional.empty(), look(9_000));
            try (StorageWatch.Read inner = watch.reading("/data/a")) {
                WatchedPool.progress();
                assertEquals(Optional.of("/data"), look(2_000));
            }
            WatchedPool.progress();
            assertEquals(Optional.empty(), look(9_000));
        }
        WatchedPool.progress();
    }

    @Test
    void whatWaitedForACoordinatorThatWasAwayBeginsAnew() {
        try (StorageWatch.Read read = watch.reading("/data")) {
            look(10_000);
            watch.forget();
            assertEquals(Optional.empty(), look(10_000));
        }
    }

    @Test
    void aThreadsReadsAreToldToItsWatchOnceEach() throws Exception {
        Path file = Path.of("/data/teacher.pth");
        Thread watched = new Thread(() -> {
            watch.watchThisThread();
            try (StorageWatch.Read read = StorageWatch.here(file)) {
                look(10_000);
                try (StorageWatch.Read inner = StorageWatch.here(Path.of("/data"))) {
                    WatchedPool.progress();
                }
                assertEquals(Optional.empty(), look(10_000));
                assertEquals(Optional.of(file.toString()), look(1));
            }
            assertEquals(Optional.empty(), look(20_000));
        });
        AtomicReference<Throwable> failure = new AtomicReference<>();
        watched.setUncaughtExceptionHandler((thread, e) -> failure.set(e));
        watched.start();
        watched.join();
        assertNull(failure.get());
        try (StorageWatch.Read nobodys = StorageWatch.here(file)) {
            assertEquals(Optional.empty(), look(20_000));
        }
    }
}
