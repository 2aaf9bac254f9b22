package org.simreg.worker.embed;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.Iterator;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.simreg.worker.data.Batch;
import org.simreg.worker.data.BatchLoader;
import org.simreg.worker.data.BatchRequest;
import org.simreg.worker.data.Batches;
import org.simreg.worker.data.ImageFolder;
import org.simreg.worker.data.LoaderSettings;
import org.simreg.worker.data.View;
import org.simreg.worker.data.ViewRecipe;
import org.simreg.worker.evaluate.FeatureBank;
import org.simreg.worker.torchscript.Torch;

/**
 * Computes features of the images of one folder. Memory is bounded by the loader's queue: batches
 * of {@value #BATCH} images are decoded ahead, and their features leave at once. The thread that
 * runs a pass is the one that uses {@code torch}.
 */
public final class Embedding implements AutoCloseable {
    /** Most rows that leave at once. */
    public static final int BATCH = 64;

    private final Torch torch;
    private final ImageFolder images;
    private final BatchLoader loader;

    /**
     * Starts the decode threads.
     *
     * @param notices takes a sentence about each image that can't be read, once; called from decode
     *     threads
     */
    public Embedding(
            Torch torch, ImageFolder images, LoaderSettings settings, Consumer<String> notices) {
        this.torch = torch;
        this.images = images;
        loader = new BatchLoader(images, settings, notices);
    }

    /** The images. */
    public ImageFolder images() {
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
     * @throws org.simreg.worker.reduce.Abandoned if it was told to stop
     * @throws org.simreg.proto.UserError if no image can be read
     */
    public FeatureBank bank(Features features, ViewRecipe view, Course course) {
        Filling filling = new Filling(images.size());
        run(features, new Pass(view, 0, all()), course, filling);
        return filling.bank();
    }

    /** The ids of all images, ascending. */
    public int[] all() {
        return IntStream.range(0, images.size()).toArray();
    }

    /**
     * Gives the features of a pass, in its order, up to {@value #BATCH} rows a time.
     *
     * @throws org.simreg.worker.reduce.Abandoned if it was told to stop
     * @throws org.simreg.proto.UserError if no image can be read
     */
    public void run(Features features, Pass pass, Course course, Rows rows) {
        String what = "embedding " + part();
        int total = pass.ids().length;
        try (Batches batches = loader.batches(requests(pass))) {
            for (int from = 0; from < total; from += BATCH) {
                course.next(what, from, total);
                try (Batch batch = batches.next();
                        NDManager scope = torch.scope()) {
                    NDArray views =
                            Torch.images(scope, batch.views(0), batch.size(), batch.viewSize(0));
                    float[] values = features.of(scope, views).toFloatArray();
                    int[] labels = IntStream.of(batch.sources()).map(images::label).toArray();
                    rows.take(values, batch.ids(), labels);
                }
            }
        }
        course.at(what, total, total);
    }

    private String part() {
        return images.folder().isEmpty() ? "images" : images.folder() + " images";
    }

    private static Iterator<BatchRequest> requests(Pass pass) {
        int size = pass.ids().length;
        return IntStream.iterate(0, from -> from < size, from -> from + BATCH)
                .mapToObj(
                        from -> Arrays.copyOfRange(pass.ids(), from, Math.min(size, from + BATCH)))
                .map(ids -> new BatchRequest(pass.epoch(), ids, View.each(pass.view())))
                .iterator();
    }

    @Override
    public void close() {
        loader.close();
    }
}
