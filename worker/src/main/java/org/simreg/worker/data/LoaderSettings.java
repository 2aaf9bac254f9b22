package org.simreg.worker.data;

/**
 * How a loader works.
 *
 * @param threads decode threads
 * @param queueDepth batches in the making or waiting to be taken, at most; bounds the memory
 * @param seed the job's seed
 * @param maxPixels an image whose header says more is taken as broken, before it is decoded
 */
public record LoaderSettings(int threads, int queueDepth, long seed, long maxPixels) {
    /** What Pillow refuses as a decompression bomb: more than half a gigabyte of RGB. */
    public static final long PILLOW_MAX_PIXELS = 178_956_970;

    public LoaderSettings {
        require(threads > 0, "threads", threads);
        require(queueDepth > 0, "queueDepth", queueDepth);
        require(maxPixels > 0, "maxPixels", maxPixels);
    }

    /** With Pillow's limit of pixels. */
    public LoaderSettings(int threads, int queueDepth, long seed) {
        this(threads, queueDepth, seed, PILLOW_MAX_PIXELS);
    }

    private static void require(boolean good, String field, long value) {
        if (!good) {
            throw new IllegalArgumentException(
                    "loader setting " + field + " must be positive, not " + value);
        }
    }
}
