package org.simreg.worker.data;

import java.util.function.BooleanSupplier;

/** Makes all views of one sample: the workspace of a decode thread. */
final class SampleViews implements AutoCloseable {
    private final BrokenImages images;
    private final LoaderSettings settings;
    private final Pixels pixels = new Pixels();
    private final ViewMaker views = new ViewMaker();
    private byte[] out = new byte[0];
    private ImageDecoder decoder;

    SampleViews(BrokenImages images, LoaderSettings settings) {
        this.images = images;
        this.settings = settings;
    }

    /**
     * Decodes a row's image once, and fills the row in for every view. The draws are of the sample
     * asked for.
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
        for (int i = 0; i < request.views().size(); i++) {
            View view = request.views().get(i);
            if (out.length < view.bytes()) {
                out = new byte[view.bytes()];
            }
            views.make(pixels, view.recipe(), random(request.epoch(), id, view.draw()), out);
            batch.put(i, row, out);
        }
        batch.finish(row, source);
    }

    private CounterRandom random(int epoch, int id, int draw) {
        return CounterRandom.of(settings.seed(), CounterRandom.VIEWS, epoch, id, draw);
    }

    @Override
    public void close() {
        if (decoder != null) {
            decoder.close();
        }
    }
}
