package org.simreg.worker.data.loader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.data.image.ImageDecoder;
import org.simreg.worker.data.image.RgbImage;
import org.simreg.worker.data.view.View;
import org.simreg.worker.data.view.ViewRecipe;
import org.simreg.worker.data.view.ViewRenderer;

/**
 * A renderer of samples: decodes an image once and makes every view of its pixels. Keeps its
 * workspace; one belongs to one thread.
 */
public final class SampleRenderer implements AutoCloseable {
    private final long maxPixels;
    private final RgbImage pixels = new RgbImage();
    private final ViewRenderer views = new ViewRenderer();
    private byte[] view = new byte[0];
    private ImageDecoder decoder;

    /** For image files in memory, with Pillow's limit of pixels. */
    public SampleRenderer() {
        this(BatchLoader.Settings.PILLOW_MAX_PIXELS);
    }

    /**
     * @param maxPixels an image whose header says more is refused before it is decoded
     */
    SampleRenderer(long maxPixels) {
        this.maxPixels = maxPixels;
    }

    /** Loads the native library the first time, which may fail: where the caller hears of it. */
    private ImageDecoder decoder() {
        decoder = decoder == null ? new ImageDecoder(maxPixels) : decoder;
        return decoder;
    }

    /**
     * Fills a row of a batch in for every view. The draws are of the sample asked for, the pixels
     * of the one that is read in its place if it is broken.
     *
     * @param images where the sample is read
     * @param seed the loader's
     * @param wanted whether somebody still waits for the batch
     */
    void render(Batch batch, int row, BrokenImages images, long seed, BooleanSupplier wanted) {
        BatchLoader.Request request = batch.request();
        int id = request.ids()[row];
        try {
            int source = images.decode(id, request.epoch(), decoder(), pixels, wanted);
            for (int i = 0; i < request.views().size(); i++) {
                View asked = request.views().get(i);
                reserve(asked.bytes());
                CounterRandom random = CounterRandom.of(seed, CounterRandom.VIEWS, request.epoch(), id, asked.draw());
                views.make(pixels, asked.recipe(), random, view);
                batch.put(i, row, view);
            }
            batch.finish(row, source);
        } finally {
            pixels.release();
        }
    }

    /**
     * Decodes an image and adds its view to the buffer, the same as a loader makes of a file on a
     * disk.
     *
     * @param file the bytes of an image file
     * @param out takes {@code 3 * size * size} bytes of interleaved RGB from its position on
     * @throws IOException if the file holds no whole image; the message says why, without a name
     */
    public void render(ByteBuffer file, ViewRecipe.CentreView recipe, ByteBuffer out) throws IOException {
        try {
            decoder()
                    .decode(
                            into -> into.room(file.remaining())
                                    .put(file.duplicate())
                                    .flip(),
                            pixels);
            int bytes = 3 * recipe.size() * recipe.size();
            reserve(bytes);
            views.centre(pixels, recipe, view);
            out.put(view, 0, bytes);
        } finally {
            pixels.release();
        }
    }

    private void reserve(int bytes) {
        if (view.length < bytes) {
            view = new byte[bytes];
        }
    }

    @Override
    public void close() {
        if (decoder != null) {
            decoder.close();
        }
    }
}
