package org.simreg.worker.data.dataset.located;

import java.util.List;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;
import org.simreg.worker.data.store.StoredFile;

/** What lists the images of one source. */
public interface SampleLister {
    /** What tells the source from others, and how it is read. */
    String key();

    /**
     * The files that say which images there are; asks for their sizes and times only.
     *
     * @throws UserError if they aren't there
     */
    List<StoredFile> inputs();

    /**
     * Lists the images.
     *
     * @param inputs as {@link #inputs} gave them
     * @throws UserError if an input can't be read or isn't of the format
     */
    void list(List<StoredFile> inputs, SampleEntries into, ImageDataset.IndexProgress progress);
}
