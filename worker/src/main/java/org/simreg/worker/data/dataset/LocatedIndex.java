package org.simreg.worker.data.dataset;

import java.util.List;
import org.simreg.worker.data.store.StoredFile;

/**
 * The index of a data set whose images are stretches of files.
 *
 * @param inputs the files that it was made of: while they are the same, so is the index
 * @param parts train, and val if there is one
 * @param notes what was left out or understood on the way, a sentence each
 */
public record LocatedIndex(List<StoredFile> inputs, List<Part> parts, List<String> notes) {
    /**
     * A part of a data set.
     *
     * @param names of the images by class
     * @param extents where their bytes lie, in the same order
     */
    public record Part(SampleIndex.FolderPart names, SampleExtents extents) {
        private Part rows(int[] rows) {
            return new Part(names.rows(rows), extents.rows(rows));
        }
    }

    /** The index with a part of train as val. */
    public LocatedIndex held(HeldOut held) {
        List<SampleIndex.FolderPart> names = parts.stream().map(Part::names).toList();
        Part train = parts.get(0);
        return new LocatedIndex(
                inputs, List.of(train.rows(held.rows(names, false)), train.rows(held.rows(names, true))), notes);
    }
}
