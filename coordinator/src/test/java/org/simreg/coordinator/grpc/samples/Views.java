package org.simreg.coordinator.grpc.samples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.base.random.SampleOrder;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;

/** Batches of a data set that is read in two ways. */
public final class Views {
    private static final int BATCH = 4;
    private static final List<View> RECIPES =
            View.each(new ViewRecipe.RandomView(16, 0.2, true), new ViewRecipe.CentreView(20, 16));

    private Views() {}

    public static BatchLoader loader(ImageList images, Notices notices) {
        return new BatchLoader(images, new BatchLoader.Settings(3, 3, 5), notices);
    }

    /** All images of some epochs, in batches of four. */
    public static Iterator<BatchLoader.Request> requests(int size, int from, int to) {
        SampleOrder order = new SampleOrder(5, size);
        return IntStream.range(from, to)
                .boxed()
                .flatMap(epoch -> IntStream.range(0, size / BATCH).mapToObj(i -> request(order, epoch, i)))
                .iterator();
    }

    private static BatchLoader.Request request(SampleOrder order, int epoch, int i) {
        int[] ids = Arrays.copyOfRange(order.epoch(epoch), i * BATCH, (i + 1) * BATCH);
        return new BatchLoader.Request(epoch, ids, RECIPES);
    }

    /** Reads some epochs both ways; every view and every source must be the same. */
    static void assertSame(ImageList local, ImageList remote, int from, int to) {
        try (BatchLoader a = loader(local, notice -> {});
                BatchLoader b = loader(remote, notice -> {})) {
            assertSame(a, b, local.size(), from, to);
        }
    }

    static void assertSame(BatchLoader a, BatchLoader b, int size, int from, int to) {
        try (BatchStream expected = a.batches(requests(size, from, to));
                BatchStream actual = b.batches(requests(size, from, to))) {
            while (expected.hasNext()) {
                try (Batch one = expected.next();
                        Batch other = actual.next()) {
                    assertSame(one, other);
                }
            }
            assertEquals(false, actual.hasNext());
        }
    }

    public static void assertSame(Batch one, Batch other) {
        assertArrayEquals(one.ids(), other.ids());
        assertArrayEquals(one.sources(), other.sources());
        for (int recipe = 0; recipe < RECIPES.size(); recipe++) {
            assertEquals(one.views(recipe), other.views(recipe));
        }
    }
}
