package org.simreg.worker.data.image;

import java.util.concurrent.CancellationException;

/**
 * The memory that large pictures or files share among all threads that decode them. Who wants some waits for others to
 * give theirs back; only what is more than all of it is refused, so that a refusal never depends on what others do.
 * Nobody who holds some waits for more of the same.
 */
final class PictureMemory {
    private static final long MIB = 1 << 20;

    /**
     * For decoded pictures: three eighths of the heap. Of a heap of 1.5 GiB, that is enough for the largest picture
     * within Pillow's bound.
     */
    static final PictureMemory PIXELS = new PictureMemory(Runtime.getRuntime().maxMemory() * 3 / 8);

    /** For the bytes of files, outside the heap: one of the longest, or several. */
    static final PictureMemory FILES = new PictureMemory(FileBuffer.LONGEST);

    /** For the parts of a picture whose memory was taken with it. */
    static final PictureMemory TAKEN_ALREADY = new PictureMemory(Long.MAX_VALUE);

    private final long all;
    private long free;

    PictureMemory(long all) {
        this.all = all;
        free = all;
    }

    /**
     * Takes some memory, as soon as there is as much.
     *
     * @param bytes at least 0
     * @throws ImageDecoder.UnreadableImage if it is more than there ever is
     * @throws CancellationException if the thread is interrupted while it waits
     */
    synchronized void take(long bytes) throws ImageDecoder.UnreadableImage {
        if (bytes > all) {
            throw new ImageDecoder.UnreadableImage(
                    "it takes %d MiB to decode, too large for this worker's memory: %d MiB of it are for pictures"
                            .formatted(bytes / MIB, all / MIB));
        }
        while (bytes > free) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted while waiting for memory");
            }
        }
        free -= bytes;
    }

    synchronized void giveBack(long bytes) {
        free += bytes;
        notifyAll();
    }
}
