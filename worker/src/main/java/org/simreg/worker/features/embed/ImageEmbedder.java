package org.simreg.worker.features.embed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.simreg.proto.BrokenImage;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;
import org.simreg.worker.base.concurrent.ProgressMonitor;
import org.simreg.worker.base.io.Notices;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchLoader;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.features.knn.FeatureBank;

/**
 * An embedder of the images of one folder: computes their features. Memory is bounded by the
 * loader's queue: batches of {@value #BATCH} images are decoded ahead, and their features leave at
 * once. The thread that runs a pass is the one that uses {@code torch}.
 */
public final class ImageEmbedder implements AutoCloseable {
    /** Most rows that leave at once. */
    public static final int BATCH = 64;

    /** How often it looks whether what it waits for is still wanted. */
    private static final long AWAIT_MS = 50;

    /** Images that can't be read of which each has a sentence. */
    private static final int NAMED = 3;

    private final Torch torch;
    private final ImageList images;
    private final Notices notices;
    private final BatchLoader loader;
    private final List<Double> rates = new ArrayList<>();

    /**
     * Starts the decode threads.
     *
     * @param notices takes each image that can't be read, once, and a sentence with the number of all at the end of a
     *     pass; called from decode threads
     */
    public ImageEmbedder(Torch torch, ImageList images, BatchLoader.Settings settings, Notices notices) {
        this.torch = torch;
        this.images = images;
        this.notices = notices;
        loader = new BatchLoader(images, settings, notices);
    }

    /** Notices for people alone, who are told of the first {@value #NAMED} images that can't be read and then their number. */
    public static Notices brief(Notices notices) {
        return new FirstBroken(notices, new AtomicInteger(), true);
    }

    /** The same without their number, for a caller that gives it itself. */
    public static Notices uncounted(Notices notices) {
        return new FirstBroken(notices, new AtomicInteger(), false);
    }

    /** A filter of notices that lets the first few broken images pass. */
    private record FirstBroken(Notices notices, AtomicInteger count, boolean counted) implements Notices {
        @Override
        public void accept(String notice) {
            if (counted) {
                notices.accept(notice);
            }
        }

        @Override
        public void broken(BrokenImage image, String sentence) {
            if (count.getAndIncrement() < NAMED) {
                notices.broken(image, sentence);
            }
        }

        @Override
        public Mark decoding(String location) {
            return notices.decoding(location);
        }

        @Override
        public Mark reading(String what) {
            return notices.reading(what);
        }

        @Override
        public boolean wanted() {
            return notices.wanted();
        }
    }

    /** The images. */
    public ImageList images() {
        return images;
    }

    /**
     * One view of some samples.
     *
     * @param view how an image becomes a view
     * @param epoch part of the draw of a random view
     * @param ids in the order in which rows leave; the array is not copied
     */
    public record Pass(ViewRecipe view, int epoch, int[] ids) {}

    /**
     * Every image once, in the order of ids, as a bank of unit rows.
     *
     * @throws Abandoned if it was told to stop
     * @throws UserError if no image can be read
     */
    public FeatureBank bank(Features features, ViewRecipe view, ProgressMonitor progress) {
        FeatureSets.BankFiller filler = new FeatureSets.BankFiller(images.size());
        run(features, new Pass(view, 0, all()), progress, filler);
        return filler.bank();
    }

    /**
     * Images a second of the network of the last pass, from the views to features in memory; the median of the batches. NaN
     * before the first.
     */
    public double imagesPerSecond() {
        return rates.isEmpty() ? Double.NaN : rates.stream().sorted().toList().get(rates.size() / 2);
    }

    /** The ids of all images, ascending. */
    public int[] all() {
        return IntStream.range(0, images.size()).toArray();
    }

    /**
     * Gives the features of a pass, in its order, up to {@value #BATCH} rows a time. Images that can't be read are left
     * out, and counted in a notice.
     *
     * @throws Abandoned if it was told to stop
     * @throws UserError if no image can be read, or a feature is no finite number
     */
    public void run(Features features, Pass pass, ProgressMonitor progress, RowSink rows) {
        String what = "embedding " + part();
        int total = pass.ids().length;
        int left = 0;
        rates.clear();
        Iterator<Integer> all = IntStream.range(0, batches(total)).iterator();
        try (BatchStream batches = loader.batches(requests(pass, all, new ArrayDeque<>()))) {
            for (int from = 0; from < total; from += BATCH) {
                progress.next(what, from, total);
                try (Batch batch = batches.next()) {
                    left += batch.size() - give(embed(features, batch), batch, rows);
                }
            }
        }
        progress.at(what, total, total);
        sayLeft(left, total);
    }

    /**
     * Gives the features of some batches of a pass, each with the bits that it has when all are given. Batch number i is
     * of the images from i times {@value #BATCH} on.
     *
     * @param numbers of the batches; asked from decode threads, ahead of need
     * @throws Abandoned if it was told to stop
     * @throws UserError if no image can be read, or a feature is no finite number
     */
    public void run(Features features, Pass pass, Iterator<Integer> numbers, ProgressMonitor progress, PartSink parts) {
        String what = "embedding " + part();
        Queue<Integer> asked = new ConcurrentLinkedQueue<>();
        double before = imagesPerSecond();
        rates.clear();
        try (BatchStream batches = loader.batches(requests(pass, numbers, asked))) {
            for (long done = 0; awaitNext(batches, parts, progress) && batches.hasNext(); done += BATCH) {
                progress.next(what, done, pass.ids().length);
                try (Batch batch = batches.next()) {
                    give(features, asked.remove(), batch, parts);
                }
            }
        }
        if (rates.isEmpty() && !Double.isNaN(before)) {
            rates.add(before);
        }
    }

    /** Waits for the next batch as long as one is wanted, however long its storage takes. */
    private static boolean awaitNext(BatchStream batches, PartSink parts, ProgressMonitor progress) {
        while (parts.wants()) {
            if (batches.awaitNext(AWAIT_MS)) {
                return true;
            }
            if (progress.stopped()) {
                throw new Abandoned("the measurement was given up");
            }
        }
        return false;
    }

    private void give(Features features, int number, Batch batch, PartSink parts) {
        if (parts.wants(number)) {
            float[] values = embed(features, batch);
            int read = give(values, batch, (some, ids, labels) -> parts.take(number, some, ids, labels));
            if (read == 0) {
                parts.take(number, new float[0], new int[0], new int[0]);
            }
        }
    }

    private float[] embed(Features features, Batch batch) {
        try (NDManager scope = torch.scope()) {
            NDArray views = Torch.images(scope, batch.views(0), batch.size(), batch.viewSize(0));
            long begun = System.nanoTime();
            float[] values = features.of(scope, views).toFloatArray();
            rates.add(batch.size() * 1e9 / Math.max(1, System.nanoTime() - begun));
            requireFinite(values, batch);
            return values;
        }
    }

    /** Says how many images can't be read, if there are any. */
    public void sayLeft(int left, int total) {
        if (left > 0) {
            notices.accept("%d of the %d %s can't be read, and are left out".formatted(left, total, part()));
        }
    }

    /** Features with a NaN or an infinity have no direction, so that every neighbour of them would be an accident. */
    private void requireFinite(float[] values, Batch batch) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                int row = (int) ((long) i * batch.size() / values.length);
                throw new UserError(
                        "The features of %s are no finite numbers (%s): the weights are damaged, belong to another network, or overflow in this precision"
                                .formatted(images.location(batch.sources()[row]), values[i]));
            }
        }
    }

    /** Gives the rows of the images that could be read; returns how many. */
    private int give(float[] values, Batch batch, RowSink rows) {
        int[] asked = batch.ids();
        int[] sources = batch.sources();
        int[] read = IntStream.range(0, asked.length)
                .filter(row -> sources[row] == asked[row])
                .toArray();
        int width = values.length / asked.length;
        float[] some = values;
        if (read.length < asked.length) {
            some = new float[read.length * width];
            for (int i = 0; i < read.length; i++) {
                System.arraycopy(values, read[i] * width, some, i * width, width);
            }
        }
        if (read.length > 0) {
            int[] ids = IntStream.of(read).map(row -> asked[row]).toArray();
            int[] labels =
                    IntStream.of(read).map(row -> images.label(sources[row])).toArray();
            rows.take(some, ids, labels);
        }
        return read.length;
    }

    private String part() {
        return images.folder().isEmpty() ? "images" : images.folder() + " images";
    }

    private static int batches(int images) {
        return (images + BATCH - 1) / BATCH;
    }

    /**
     * @param asked takes the number of each batch before that is made
     */
    private static Iterator<BatchLoader.Request> requests(Pass pass, Iterator<Integer> numbers, Queue<Integer> asked) {
        int size = pass.ids().length;
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return numbers.hasNext();
            }

            @Override
            public BatchLoader.Request next() {
                Integer number = numbers.next();
                asked.add(number);
                int from = number * BATCH;
                int[] ids = Arrays.copyOfRange(pass.ids(), from, Math.min(size, from + BATCH));
                return new BatchLoader.Request(pass.epoch(), ids, View.each(pass.view()));
            }
        };
    }

    @Override
    public void close() {
        loader.close();
    }

    /** A receiver of features as they are computed. */
    @FunctionalInterface
    public interface RowSink {
        /**
         * Takes some rows.
         *
         * @param rows (n, D) row-major as the network gave them, of any length; handed over
         * @param ids (n) of the images, in the order asked for; n is at least 1
         * @param labels (n) classes of the images that are in the rows
         */
        void take(float[] rows, int[] ids, int[] labels);
    }

    /** A receiver of some batches' features. */
    public interface PartSink {
        /** Whether any batch is still wanted. */
        boolean wants();

        /** Whether a batch whose views are made is still to be embedded. */
        boolean wants(int number);

        /**
         * Takes the rows of a batch, as {@link RowSink#take} does; there may be none.
         */
        void take(int number, float[] rows, int[] ids, int[] labels);
    }

    /** A function from images to features: a frozen network, or whatever behaves like one. */
    @FunctionalInterface
    public interface Features {
        /**
         * @param scope owns the result
         * @param images (N, H, W, 3) uint8
         * @return (N, D) float32, any length
         */
        NDArray of(NDManager scope, NDArray images);
    }
}
