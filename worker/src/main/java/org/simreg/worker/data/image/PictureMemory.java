package org.simreg.worker.data.image;

import java.util.concurrent.CancellationException;
import org.simreg.proto.UserError.NotHere;

/**
 * The memory that large pictures or files share among all threads that decode them. Who wants some waits for others to
 * give theirs back; a refusal never depends on what others do. What no worker may take is an unreadable picture for all
 * of them alike; what only this one's heap is too small for is this one's own trouble: another picture in its place
 * would give other bits than on other workers. Nobody who holds some waits for more of the same.
 */
final class PictureMemory {
    private static final long MIB = 1 << 20;

    /** The most that a picture may take, 768 MiB on every worker: the largest within Pillow's bound takes 512. */
    static final long MOST_PIXELS = 768 * MIB;

    /** The most that libraries may hold of one, or of several. */
    static final long MOST_LIBRARIES = 2048 * MIB;

    /** For decoded pictures: three eighths of the heap. */
    static final PictureMemory PIXELS =
            new PictureMemory(MOST_PIXELS, Runtime.getRuntime().maxMemory() * 3 / 8);

    /** For the bytes of files, outside the heap: one of the longest, or several. */
    static final PictureMemory FILES = new PictureMemory(FileBuffer.LONGEST, FileBuffer.LONGEST);

    /**
     * For what libraries hold of a picture while they decode it, outside the heap: the largest that there is, or several.
     * A progressive JPEG has all its coefficients there, 8 bytes a pixel at most, beside 3 of the picture.
     */
    static final PictureMemory LIBRARIES = new PictureMemory(MOST_LIBRARIES, MOST_LIBRARIES);

    /** For the parts of a picture whose memory was taken with it. */
    static final PictureMemory TAKEN_ALREADY = new PictureMemory(Long.MAX_VALUE, Long.MAX_VALUE);

    private final long most;
    private final long all;
    private long free;

    /**
     * @param most bytes for one, on every worker
     * @param all bytes that there are here
     */
    PictureMemory(long most, long all) {
        this.most = most;
        this.all = all;
        free = all;
    }

    /**
     * Takes some memory, as soon as there is as much.
     *
     * @param bytes at least 0
     * @throws ImageDecoder.UnreadableImage if it is more than any worker gives
     * @throws NotHere if it is more than there ever is here
     * @throws CancellationException if the thread is interrupted while it waits
     */
    synchronized void take(long bytes) throws ImageDecoder.UnreadableImage {
        if (bytes > most) {
            throw new ImageDecoder.UnreadableImage(
                    "it takes %d MiB to decode; %d are the most".formatted(bytes / MIB, most / MIB));
        }
        if (bytes > all) {
            throw new NotHere(
                    "it takes %d MiB to decode, and this worker has %d MiB for pictures; give it more heap, such as by SIMREG_JAVA_OPTS=-Xmx2g"
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
