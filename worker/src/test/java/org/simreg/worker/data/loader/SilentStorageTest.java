package org.simreg.worker.data.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.Tree;
import org.simreg.worker.data.image.ImageFixtures;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

/** Tests of a loader whose storage gives no answer. */
@Timeout(60)
class SilentStorageTest {
    private static final List<View> VIEWS = View.each(new ViewRecipe.RandomView(16, 0.2, false));

    @TempDir
    Path temporary;

    private final ConcurrentLinkedQueue<String> notices = new ConcurrentLinkedQueue<>();

    private ImageList readable() throws IOException {
        Tree tree = new Tree(temporary);
        for (Path file : ImageFixtures.files("good")) {
            tree.write(file.getFileName().toString(), Files.readAllBytes(file));
        }
        return tree.open().train();
    }

    private static BatchLoader.Settings settings(int threads) {
        return new BatchLoader.Settings(threads, 3, 5);
    }

    private static BatchLoader.Request all(ImageList images, int epoch) {
        return new BatchLoader.Request(epoch, IntStream.range(0, images.size()).toArray(), VIEWS);
    }

    /** As one that looks at features on a disk that gives no answer. */
    @Test
    void aRequestThatTakesLongKeepsNobodyElseWaiting() throws Exception {
        ImageList images = readable();
        CompletableFuture<Void> answer = new CompletableFuture<>();
        CompletableFuture<Void> asked = new CompletableFuture<>();
        Set<Thread> reading = ConcurrentHashMap.newKeySet();
        Iterator<BatchLoader.Request> slow = IntStream.range(0, 4)
                .mapToObj(epoch -> {
                    assertTrue(reading.add(Thread.currentThread()) && reading.size() == 1, "one at a time");
                    if (epoch == 1) {
                        asked.complete(null);
                        answer.join();
                    }
                    reading.clear();
                    return new BatchLoader.Request(epoch, new int[] {0, 1, 2}, VIEWS);
                })
                .iterator();
        try (BatchLoader loader = new BatchLoader(images, settings(4), notices::add);
                BatchStream batches = loader.batches(slow)) {
            CompletableFuture<Integer> others = CompletableFuture.supplyAsync(() -> {
                asked.join();
                batches.next().close();
                return drained(
                        loader.batches(List.of(all(images, 0), all(images, 1)).iterator()));
            });
            try {
                assertEquals(2, others.get(20, TimeUnit.SECONDS));
            } finally {
                answer.complete(null);
            }
            for (int epoch = 1; epoch < 4; epoch++) {
                try (Batch batch = batches.next()) {
                    assertEquals(epoch, batch.request().epoch());
                }
            }
            assertFalse(batches.hasNext());
        }
    }

    @Test
    void whoWaitsForABatchMayLookUpNowAndThen() throws Exception {
        ImageList images = readable();
        CompletableFuture<Void> answer = new CompletableFuture<>();
        Iterator<BatchLoader.Request> slow = IntStream.range(0, 1)
                .mapToObj(epoch -> {
                    answer.join();
                    return all(images, epoch);
                })
                .iterator();
        try (BatchLoader loader = new BatchLoader(images, settings(2), notices::add);
                BatchStream batches = loader.batches(slow)) {
            assertFalse(batches.awaitNext(20));
            answer.complete(null);
            assertTrue(batches.awaitNext(20_000));
            batches.next().close();
            assertTrue(batches.awaitNext(20_000), "there is no other");
            assertFalse(batches.hasNext());
        }
    }

    private static int drained(BatchStream batches) {
        int count = 0;
        try (batches) {
            while (batches.hasNext()) {
                batches.next().close();
                count++;
            }
        }
        return count;
    }

    @Test
    void aFileThatBecameAPipeIsReportedAndAnotherIsDrawnInItsPlace() throws Exception {
        ImageList images = readable();
        Path pipe = Path.of(images.location(3));
        Files.delete(pipe);
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        // Its other end never opens, so a thread that reads from it would wait for ever.
        BatchLoader loader = new BatchLoader(images, settings(2), notices::add);
        BatchStream batches = loader.batches(List.of(all(images, 0)).iterator());
        CompletableFuture<int[]> sources = CompletableFuture.supplyAsync(() -> {
            try (Batch batch = batches.next()) {
                return batch.sources();
            }
        });
        try {
            assertTrue(IntStream.of(sources.get(20, TimeUnit.SECONDS)).noneMatch(id -> id == 3));
        } finally {
            unblock(pipe);
            loader.close();
        }
        assertEquals(
                List.of(pipe + " can't be used: it can't be read, it is a pipe, and only a regular file can be read"),
                List.copyOf(notices));
    }

    /** Whoever waits for the other end of a pipe goes on; to open both at once waits for nobody. */
    private static void unblock(Path pipe) throws IOException {
        new RandomAccessFile(pipe.toFile(), "rw").close();
    }
}
