package org.simreg.worker.cache;

/**
 * Size of a store: one row for each view of each sample, views one after the other.
 *
 * @param width features of a row
 * @param format of the features
 * @param samples in the data set
 * @param views of a sample
 */
public record StoreShape(int width, RowFormat format, int samples, int views) {
    private static final int CHECK = Integer.BYTES;

    public StoreShape {
        if (width < 1 || samples < 1 || views < 1) {
            throw new IllegalArgumentException(
                    "a store of %d features, %d samples and %d views"
                            .formatted(width, samples, views));
        }
    }

    /** Rows in all. */
    public long rows() {
        return (long) samples * views;
    }

    /** Bytes of the whole file; those of rows that are not there take no space on the disk. */
    public long bytes() {
        return StoreHeader.BYTES + Math.multiplyExact(rows(), rowBytes());
    }

    /** Check and values, in whole words. */
    int rowBytes() {
        return Math.addExact(CHECK, Math.multiplyExact(width, format.bytes()) + 3 & ~3);
    }

    /** The row of a sample in a view. */
    long row(int view, int sample) {
        if (view < 0 || view >= views || sample < 0 || sample >= samples) {
            throw new IndexOutOfBoundsException(
                    "view %d of sample %d among %d of %d".formatted(view, sample, views, samples));
        }
        return (long) view * samples + sample;
    }
}
