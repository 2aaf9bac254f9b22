package org.simreg.coordinator.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.simreg.worker.data.Batch;
import org.simreg.worker.data.BatchLoader;
import org.simreg.worker.data.BatchRequest;
import org.simreg.worker.data.Batches;
import org.simreg.worker.data.CentreView;
import org.simreg.worker.data.ImageFolder;
import org.simreg.worker.data.LoaderSettings;
import org.simreg.worker.data.RandomView;
import org.simreg.worker.data.SampleOrder;
import org.simreg.worker.data.View;

/** Batches of a data set that is read in two ways. */
final class Views {
    private static final int BATCH = 4;
    private static final List<View> RECIPES =
            View.each(new RandomView(16, 0.2, true), new CentreView(20, 16));

    private Views() {}

    static BatchLoader loader(ImageFolder images, Consumer<String> notices) {
        return new BatchLoader(images, new LoaderSettings(3, 3, 5), notices);
    }

    /** All images of some epochs, in batches of four. */
    static Iterator<BatchRequest> requests(int size, int from, int to) {
        SampleOrder order = new SampleOrder(5, size);
        return IntStream.range(from, to)
                .boxed()
                .flatMap(
                        epoch ->
                                IntStream.range(0, size / BATCH)
                                        .mapToObj(i -> request(order, epoch, i)))
                .iterator();
    }

    private static BatchRequest request(SampleOrder order, int epoch, int i) {
        int[] ids = Arrays.copyOfRange(order.epoch(epoch), i * BATCH, (i + 1) * BATCH);
        return new BatchRequest(epoch, ids, RECIPES);
    }

    /** Reads some epochs both ways; every view and every source must be the same. */
    static void assertSame(ImageFolder local, ImageFolder remote, int from, int to) {
        try (BatchLoader a = loader(local, notice -> {});
                BatchLoader b = loader(remote, notice -> {})) {
            assertSame(a, b, local.size(), from, to);
        }
    }

    static void assertSame(BatchLoader a, BatchLoader b, int size, int from, int to) {
        try (Batches expected = a.batches(requests(size, from, to));
                Batches actual = b.batches(requests(size, from, to))) {
            while (expected.hasNext()) {
                try (Batch one = expected.next();
                        Batch other = actual.next()) {
                    assertSame(one, other);
                }
            }
            assertEquals(false, actual.hasNext());
        }
    }

    static void assertSame(Batch one, Batch other) {
        assertArrayEquals(one.ids(), other.ids());
        assertArrayEquals(one.sources(), other.sources());
        for (int recipe = 0; recipe < RECIPES.size(); recipe++) {
            assertEquals(one.views(recipe), other.views(recipe));
        }
    }
}
