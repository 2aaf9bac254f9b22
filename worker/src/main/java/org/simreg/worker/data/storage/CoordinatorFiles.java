package org.simreg.worker.data.storage;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.simreg.proto.Dataset;
import org.simreg.proto.UserError;
import org.simreg.worker.data.dataset.ImageDataset;

/** Data sets and weight files as the coordinator has them, for a worker that doesn't see them. */
public interface CoordinatorFiles {
    /**
     * Opens a data set as the coordinator sees it: the same ids, labels and digest as there.
     *
     * @param dataset as the job has it
     * @param notices takes a sentence when the coordinator is away, and about the cache; any thread
     * @throws UserError if the coordinator has no such data set for this worker, or is away for too
     *     long
     */
    ImageDataset open(Dataset dataset, Consumer<String> notices);

    /**
     * Whether what a worker sees itself is what the coordinator has. Asked once, without waiting
     * for a coordinator that is away.
     *
     * @return also true if the coordinator doesn't say
     */
    boolean agrees(Dataset dataset, ImageDataset local);

    /**
     * A local copy of a weight file, read from the coordinator unless there is one already.
     *
     * @param path as the job has it
     * @return to be read only; its name is the file's own
     * @throws UserError if the coordinator doesn't give the file, or is away for too long, or it
     *     can't be stored
     */
    Path weights(String path, Consumer<String> notices);
}
