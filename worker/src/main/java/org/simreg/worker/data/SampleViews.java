package org.simreg.worker.data;

import java.util.function.BooleanSupplier;

/** Makes all views of one sample: the workspace of a decode thread. */
final class SampleViews implements AutoCloseable {
    private final BrokenImages images;
    private final LoaderSettings settings;
    private final Pixels pixels = new Pixels();
    private final ViewMaker views = new ViewMaker();
    private byte[] view = new byte[0];
    private ImageDecoder decoder;

    SampleViews(BrokenImages images, LoaderSettings settings) {
        this.images = images;
        this.settings = settings;
    }

    /**
     * Decodes a row's image once, and fills the row in for every recipe. The draws are of the
     * sample asked for.
     *
     * @param wanted whether somebody still waits for the batch
     */
    void fill(Batch batch, int row, BooleanSupplier wanted) {
        BatchRequest request = batch.request();
        int id = request.ids()[row];
        if (decoder == null) {
            // Here and not before: loading the native library may fail, and this is where a failure
            // is heard.
            decoder = new ImageDecoder(settings.maxPixels());
        }
        int source = images.decode(id, decoder, pixels, wanted);
        if (view.length < batch.viewBytes()) {
            view = new byte[batch.viewBytes()];
        }
        for (int recipe = 0; recipe < request.recipes().size(); recipe++) {
            CounterRandom random =
                    CounterRandom.of(
                            settings.seed(), CounterRandom.VIEWS, request.epoch(), id, recipe);
            views.make(pixels, request.recipes().get(recipe), random, view);
            batch.put(recipe, row, view);
        }
        batch.finish(row, source);
    }

    @Override
    public void close() {
        if (decoder != null) {
            decoder.close();
        }
    }
}
