package org.simreg.worker.data.dataset;

import java.util.Arrays;
import java.util.List;
import org.simreg.worker.data.store.StoredFile;

/**
 * Where the bytes of a part's images lie, each in a stretch of a file. Some 16 bytes an image.
 *
 * @param files that hold images; where an image is a file or object of its own, the beginnings of paths
 * @param file for every image of the part, in its order, which of them it is in
 * @param offset where its bytes begin; {@link #WHOLE} for a file of its own, whose path is the beginning with the
 *     image's name behind; below it, {@linkplain #ofValue a value's}. Of an object of its own what tells it from what it was before
 * @param length of its bytes; -1 where that isn't known
 */
public record SampleExtents(List<StoredFile> files, int[] file, long[] offset, int[] length) {
    /** The offset of an image that is a file of its own. */
    public static final long WHOLE = -1;

    /** The offset of an image that is a value in its file, by its place there. */
    public static long ofValue(long place) {
        return WHOLE - 1 - place;
    }

    /** Whether an offset is that of a value. */
    public static boolean isValue(long offset) {
        return offset < WHOLE;
    }

    /** The place of a value. */
    public static long place(long offset) {
        return WHOLE - 1 - offset;
    }

    /** Whether an image is an object of its own. */
    public boolean isObject(int image) {
        return files.get(file[image]).isFolder();
    }

    /** Those of some images. */
    SampleExtents rows(int[] rows) {
        return new SampleExtents(
                files,
                Arrays.stream(rows).map(row -> file[row]).toArray(),
                Arrays.stream(rows).mapToLong(row -> offset[row]).toArray(),
                Arrays.stream(rows).map(row -> length[row]).toArray());
    }
}
