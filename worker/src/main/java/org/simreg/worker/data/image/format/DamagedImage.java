package org.simreg.worker.data.image.format;

import java.io.IOException;
import java.util.concurrent.CancellationException;

/** The error of image data that Pillow refuses too. The message is the reason, without the file's name. */
public final class DamagedImage extends IOException {
    static final String TRUNCATED = "the file is truncated";

    public DamagedImage(String reason) {
        super(reason);
    }

    static DamagedImage truncated() {
        return new DamagedImage(TRUNCATED);
    }

    /**
     * Nothing, if the condition holds.
     *
     * @throws DamagedImage with the reason if not
     */
    static void require(boolean good, String reason) throws DamagedImage {
        if (!good) {
            throw new DamagedImage(reason);
        }
    }

    /**
     * Called again and again by what decodes: a picture of much work gives its thread back.
     *
     * @throws CancellationException if the thread is interrupted, which it still is then
     */
    public static void throwIfUnwanted() {
        if (Thread.currentThread().isInterrupted()) {
            throw new CancellationException("interrupted while a picture was decoded");
        }
    }
}
