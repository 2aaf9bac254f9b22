package org.simreg.worker.data.image.format;

import java.io.IOException;

/** The place where a decoder puts a picture, once it knows its size. */
public interface Canvas {
    /**
     * Room for a picture, black.
     *
     * @param width in pixels
     * @param height in pixels
     * @param workspace bytes that the decoder allocates beside it
     * @return rows of interleaved RGB bytes, from 0; at least {@code 3 * width * height}
     * @throws IOException if there are no pixels or more than allowed, or not as much memory; nothing was allocated
     */
    byte[] room(long width, long height, long workspace) throws IOException;
}
