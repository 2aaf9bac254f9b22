package org.simreg.coordinator.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.coordinator.grpc.samples.FarStorage;
import org.simreg.coordinator.grpc.samples.Pictures;
import org.simreg.coordinator.grpc.samples.Views;
import org.simreg.proto.Dataset;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;

/** Workers that read samples while the coordinator is away. */
@Timeout(60)
class AbsenceTest {
    private static final int IMAGES = 80;

    @TempDir
    Path folder;

    private final BlockingQueue<String> notices = new LinkedBlockingQueue<>();

    @BeforeEach
    void pictures() {
        new Pictures(folder.resolve("images")).add("ant", IMAGES / 2).add("bee", IMAGES / 2);
    }

    private String notice() throws InterruptedException {
        String notice = notices.poll(30, TimeUnit.SECONDS);
        return notice == null ? "none came" : notice;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void trainingGoesOnWhereItStoodWhenTheCoordinatorIsBack(boolean loopback) throws Exception {
        try (FarStorage far = new FarStorage(folder, loopback)) {
            Dataset dataset = far.dataset("images");
            ImageList local = far.local(dataset).train();
            ImageList remote = far.worker().open(dataset, notices::add).train();
            try (BatchLoader a = Views.loader(local, notices::add);
                    BatchLoader b = Views.loader(remote, notices::add);
                    BatchStream expected = a.batches(Views.requests(IMAGES, 0, 2));
                    BatchStream actual = b.batches(Views.requests(IMAGES, 0, 2))) {
                for (int i = 0; i < 3; i++) {
                    Views.assertSame(expected.next(), actual.next());
                }
                far.stop();
                CompletableFuture<Void> rest = CompletableFuture.runAsync(() -> {
                    while (expected.hasNext()) {
                        Views.assertSame(expected.next(), actual.next());
                    }
                });
                String away = notice();
                assertTrue(away.contains("can't be reached for images of"), away);
                far.start();
                rest.get(30, TimeUnit.SECONDS);
            }
            assertEquals(List.of("the coordinator answers again"), List.copyOf(notices));
        }
    }

    @Test
    void aJobFailsInTheEndAndSaysWhatToDo() {
        try (FarStorage far = new FarStorage(folder, true)) {
            Dataset dataset = far.dataset("images");
            ImageList remote = far.worker(1 << 20, Duration.ofMillis(300))
                    .open(dataset, notices::add)
                    .train();
            far.stop();
            try (BatchLoader loader = Views.loader(remote, notices::add);
                    BatchStream batches = loader.batches(Views.requests(IMAGES, 0, 1))) {
                String message = assertThrows(UserError.class, batches::next).getMessage();
                assertTrue(message.contains("images of /not-on-this-machine/images"), message);
                assertTrue(message.contains("has not answered for 0.3 s"), message);
            }
            assertEquals(1, notices.size(), notices.toString());
            far.start();
        }
    }

    @Test
    void aWorkerThatIsToldToStopDoesNotWaitForTheCoordinator() throws Exception {
        try (FarStorage far = new FarStorage(folder, true)) {
            Dataset dataset = far.dataset("images");
            ImageList remote = far.worker().open(dataset, notices::add).train();
            far.stop();
            BatchLoader loader = Views.loader(remote, notices::add);
            BatchStream first = loader.batches(Views.requests(IMAGES, 0, 1));
            assertTrue(notice().contains("can't be reached"));
            first.close();
            BatchStream second = loader.batches(Views.requests(IMAGES, 0, 1));
            CompletableFuture.runAsync(loader::close).get(20, TimeUnit.SECONDS);
            assertThrows(RuntimeException.class, second::next);
            far.start();
        }
    }

    @Test
    void aWorkerThatComesBeforeTheCoordinatorWaits() throws Exception {
        try (FarStorage far = new FarStorage(folder, true)) {
            Dataset dataset = far.dataset("images");
            String expected = far.local(dataset).sha256();
            far.stop();
            CompletableFuture<String> opened = CompletableFuture.supplyAsync(
                    () -> far.worker().open(dataset, notices::add).sha256());
            String away = notice();
            assertTrue(away.contains("the data set /not-on-this-machine/images"), away);
            far.start();
            assertEquals(expected, opened.get(30, TimeUnit.SECONDS));
        }
    }
}
