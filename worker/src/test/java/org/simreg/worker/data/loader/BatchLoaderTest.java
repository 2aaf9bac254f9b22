package org.simreg.worker.data.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.BrokenImage;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.base.random.SampleOrder;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.Tree;
import org.simreg.worker.data.image.ImageFixtures;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

@Timeout(60)
class BatchLoaderTest {
    private static final ViewRecipe WEAK = new ViewRecipe.RandomView(16, 0.2, false);
    private static final ViewRecipe STRONG = new ViewRecipe.RandomView(16, 0.2, true);

    @TempDir
    Path temporary;

    private final ConcurrentLinkedQueue<String> notices = new ConcurrentLinkedQueue<>();
    private Tree tree;

    @BeforeEach
    void makeTree() {
        tree = new Tree(temporary);
    }

    private ImageList readable() throws IOException {
        for (Path file : ImageFixtures.files("good")) {
            tree.write(file.getFileName().toString(), Files.readAllBytes(file));
        }
        return tree.open().train();
    }

    private BatchLoader loader(ImageList images, int threads) {
        return new BatchLoader(images, new BatchLoader.Settings(threads, 3, 5), notices::add);
    }

    private static Iterator<BatchLoader.Request> requests(int epochs, int size, int batch, ViewRecipe... recipes) {
        SampleOrder order = new SampleOrder(5, size);
        return IntStream.range(0, epochs)
                .boxed()
                .flatMap(epoch -> IntStream.range(0, size / batch)
                        .mapToObj(i -> Arrays.copyOfRange(order.epoch(epoch), i * batch, (i + 1) * batch))
                        .map(ids -> new BatchLoader.Request(epoch, ids, View.each(recipes))))
                .iterator();
    }

    private static byte[] bytes(Batch batch, int recipe) {
        byte[] bytes = new byte[batch.views(recipe).remaining()];
        batch.views(recipe).get(bytes);
        return bytes;
    }

    @Test
    void batchesComeInOrderWithTheSameBytesForAnyNumberOfThreads() throws IOException {
        ImageList images = readable();
        try (BatchLoader one = loader(images, 1);
                BatchLoader five = loader(images, 5);
                BatchStream slow = one.batches(requests(4, images.size(), 8, WEAK, STRONG));
                BatchStream fast = five.batches(requests(4, images.size(), 8, WEAK, STRONG))) {
            Iterator<BatchLoader.Request> expected = requests(4, images.size(), 8, WEAK);
            while (expected.hasNext()) {
                try (Batch a = slow.next();
                        Batch b = fast.next()) {
                    assertArrayEquals(expected.next().ids(), a.ids());
                    assertArrayEquals(a.ids(), b.ids());
                    assertEquals(8 * 16 * 16 * 3, bytes(a, 0).length);
                    assertArrayEquals(bytes(a, 0), bytes(b, 0));
                    assertArrayEquals(bytes(a, 1), bytes(b, 1));
                }
            }
            assertFalse(slow.hasNext());
            assertThrows(NoSuchElementException.class, slow::next);
        }
        assertEquals(List.of(), List.copyOf(notices));
    }

    @Test
    void aViewDependsOnEpochSampleAndPlaceOfTheRecipeOnly() throws IOException {
        ImageList images = readable();
        int id = 3;
        List<BatchLoader.Request> asked = List.of(
                new BatchLoader.Request(0, new int[] {id, 8}, View.each(WEAK, WEAK)),
                new BatchLoader.Request(1, new int[] {id, 8}, View.each(WEAK, WEAK)),
                new BatchLoader.Request(0, new int[] {7, id}, View.each(WEAK)));
        try (BatchLoader loader = loader(images, 2);
                BatchStream batches = loader.batches(asked.iterator());
                Batch first = batches.next();
                Batch nextEpoch = batches.next();
                Batch elsewhere = batches.next()) {
            byte[] view = row(first, 0, 0);
            assertFalse(Arrays.equals(view, row(first, 1, 0)), "two draws of one recipe");
            assertFalse(Arrays.equals(view, row(nextEpoch, 0, 0)), "two epochs");
            assertArrayEquals(view, row(elsewhere, 0, 1));
        }
    }

    private static byte[] row(Batch batch, int recipe, int row) {
        int length = 3 * batch.viewSize(recipe) * batch.viewSize(recipe);
        return Arrays.copyOfRange(bytes(batch, recipe), row * length, (row + 1) * length);
    }

    private ImageList halfBroken() throws IOException {
        for (int i = 0; i < 20; i++) {
            tree.write("broken" + i + ".jpg", new byte[0]);
            tree.write("plain" + i + ".png", ImageFixtures.bytes("good/plain.png"));
        }
        return tree.open().train();
    }

    @Test
    void brokenFilesAreReportedOnceByNameAndOthersAreDrawnInTheirPlace() throws IOException {
        ImageList images = halfBroken();
        List<String> paths = tree.paths(images);
        List<int[]> expected = new ArrayList<>();
        for (int threads : new int[] {1, 4}) {
            notices.clear();
            try (BatchLoader loader = loader(images, threads);
                    BatchStream batches = loader.batches(requests(3, images.size(), images.size(), WEAK))) {
                for (int epoch = 0; epoch < 3; epoch++) {
                    try (Batch batch = batches.next()) {
                        if (threads == 1) {
                            expected.add(batch.sources());
                        }
                        assertArrayEquals(expected.get(epoch), batch.sources());
                    }
                }
            }
            assertEquals(20, notices.size(), notices.toString());
            assertEquals(20, notices.stream().distinct().count());
            assertTrue(notices.stream().allMatch(notice -> notice.endsWith("can't be used: the file is empty")));
        }
        assertEquals(40, expected.get(0).length);
        for (int[] sources : expected) {
            long others = IntStream.of(sources).distinct().count();
            assertTrue(others == 20, "all readable ones are there: " + others);
            int most = IntStream.range(0, 40)
                    .map(id -> (int)
                            IntStream.of(sources).filter(source -> source == id).count())
                    .max()
                    .orElseThrow();
            assertTrue(most <= 6, "one image stands for " + most);
            assertTrue(IntStream.of(sources).allMatch(id -> paths.get(id).startsWith("plain")));
        }
        assertFalse(Arrays.equals(sorted(expected.get(0)), sorted(expected.get(1))), "another draw each epoch");
    }

    private static int[] sorted(int[] ids) {
        return IntStream.of(ids).sorted().toArray();
    }

    @Test
    void moreBrokenFilesThanAllowedAreAnErrorThatSaysSo() throws IOException {
        ImageList images = halfBroken();
        BatchLoader.Settings settings = new BatchLoader.Settings(2, 3, 5);
        try (BatchLoader half = new BatchLoader(images, settings.training(0.5), notices::add);
                BatchLoader tenth = new BatchLoader(images, settings.training(0.1), notices::add);
                BatchStream allowed = half.batches(requests(1, 40, 40, WEAK));
                BatchStream refused = tenth.batches(requests(1, 40, 40, WEAK))) {
            allowed.next().close();
            String message = assertThrows(UserError.class, refused::next).getMessage();
            assertTrue(message.contains("of the 40 images can't be read so far"), message);
            assertTrue(message.contains("dataset.max_broken allows 0.1 of all"), message);
        }
    }

    @Test
    void theListenerIsToldWhichImageIsBroken() {
        ImageList images = tree.files("1.jpg")
                .write("2.png", ImageFixtures.bytes("good/plain.png"))
                .open()
                .train();
        List<BrokenImage> broken = new ArrayList<>();
        Notices listener = new Notices() {
            @Override
            public void accept(String text) {
                notices.add(text);
            }

            @Override
            public void broken(BrokenImage image, String sentence) {
                broken.add(image);
            }
        };
        BatchLoader.Settings settings = new BatchLoader.Settings(1, 3, 5);
        for (boolean trained : new boolean[] {false, true}) {
            broken.clear();
            try (BatchLoader loader = new BatchLoader(images, trained ? settings.training(0.5) : settings, listener);
                    BatchStream batches = loader.batches(requests(1, 2, 2, WEAK))) {
                batches.next().close();
            }
            BrokenImage first = BrokenImage.newBuilder()
                    .setFile(images.location(0))
                    .setTrain(trained)
                    .build();
            assertEquals(List.of(first), broken);
        }
        assertTrue(notices.isEmpty(), notices.toString());
    }

    @Test
    void aFolderOfNothingReadableIsAnError() {
        ImageList images = tree.files("1.jpg", "2.jpg", "3.jpg").open().train();
        try (BatchLoader loader = loader(images, 2);
                BatchStream batches = loader.batches(requests(1, 3, 3, WEAK))) {
            String message = assertThrows(UserError.class, batches::next).getMessage();
            assertTrue(message.contains("None of the 3 images can be read"), message);
        }
        assertEquals(3, notices.size());
    }

    @Test
    void noMoreIsReadAheadThanTheQueueHolds() throws IOException {
        ImageList images = readable();
        CompletableFuture<Void> fourth = new CompletableFuture<>();
        int[] asked = {0};
        Iterator<BatchLoader.Request> requests = endless(() -> {
            if (++asked[0] == 4) {
                fourth.complete(null);
            }
        });
        try (BatchLoader loader = loader(images, 2);
                BatchStream batches = loader.batches(requests)) {
            try (Batch first = batches.next()) {
                fourth.join();
                synchronized (loader) {
                    assertTrue(asked[0] <= 4, "three in the queue and one taken, not " + asked[0]);
                }
                assertEquals(1, first.size());
            }
        }
    }

    private static Iterator<BatchLoader.Request> endless(Runnable onNext) {
        return IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> {
                    onNext.run();
                    return new BatchLoader.Request(i, new int[] {0}, View.each(WEAK));
                })
                .iterator();
    }

    @Test
    void anotherSequenceIsServedWhileTheFirstWaitsToBeTaken() throws IOException {
        ImageList images = readable();
        try (BatchLoader loader = loader(images, 1);
                BatchStream training = loader.batches(endless(() -> {}));
                BatchStream evaluation =
                        loader.batches(requests(2, images.size(), 4, new ViewRecipe.CentreView(20, 16)))) {
            while (evaluation.hasNext()) {
                evaluation.next().close();
            }
            training.next().close();
        }
    }

    @Test
    void closingWhileDecodingEndsTheThreadsAndWhoWaits() throws Exception {
        ImageList images = readable();
        BatchLoader loader = loader(images, 3);
        BatchStream batches = loader.batches(endless(() -> {}));
        batches.next().close();
        CompletableFuture<Throwable> waiting = CompletableFuture.supplyAsync(() -> drain(batches));
        loader.close();
        assertTrue(waiting.get() instanceof CancellationException, String.valueOf(waiting.get()));
        assertThrows(IllegalStateException.class, () -> loader.batches(Collections.emptyIterator()));
        assertTrue(Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("decode-")));
    }

    private static Throwable drain(BatchStream batches) {
        try {
            while (true) {
                batches.next().close();
            }
        } catch (CancellationException e) {
            return e;
        }
    }

    @Test
    void afterClosingABatchItsBuffersServeAnother() throws IOException {
        ImageList images = readable();
        try (BatchLoader loader = loader(images, 1);
                BatchStream batches = loader.batches(endless(() -> {}))) {
            Set<Long> addresses = new HashSet<>();
            for (int i = 0; i < 50; i++) {
                try (Batch batch = batches.next()) {
                    addresses.add(new Pointer(batch.views(0)).address());
                    assertTrue(batch.views(0).isDirect());
                }
            }
            assertTrue(addresses.size() <= 4, addresses.size() + " buffers for a queue of three");
            Batch closed = batches.next();
            closed.close();
            closed.close();
            assertThrows(IllegalStateException.class, () -> closed.views(0));
        }
    }

    @Test
    void aFailingSequenceOfRequestsIsHeardByWhoWaits() throws IOException {
        ImageList images = readable();
        Iterator<BatchLoader.Request> requests = endless(() -> {
            throw new IllegalArgumentException("no such epoch");
        });
        try (BatchLoader loader = loader(images, 1);
                BatchStream batches = loader.batches(requests)) {
            IllegalStateException e = assertThrows(IllegalStateException.class, batches::next);
            assertEquals("no such epoch", e.getCause().getMessage());
        }
    }
}
