package org.simreg.worker.data.dataset.folder;

import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.simreg.worker.data.dataset.ImageList;
import org.simreg.worker.data.dataset.SampleSource;
import org.simreg.worker.data.image.FileBuffer;

/**
 * The sample source of storage that this process sees: the operating system reads ahead and caches.
 */
record LocalFiles(ImageList images) implements SampleSource {
    @Override
    public int lookahead() {
        return 0;
    }

    @Override
    public void ahead(int[] ids, BooleanSupplier wanted) {
        // Decode threads read as fast as the disk does.
    }

    @Override
    public void read(int id, FileBuffer into, BooleanSupplier wanted) throws IOException {
        into.read(images.file(id));
    }
}
