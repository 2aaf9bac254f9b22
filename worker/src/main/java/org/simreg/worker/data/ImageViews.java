package org.simreg.worker.data;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Views of image files that are in memory, the same as those that a loader makes of files on a
 * disk. Keeps its workspace; one belongs to one thread.
 */
public final class ImageViews implements AutoCloseable {
    private final ImageDecoder decoder = new ImageDecoder(LoaderSettings.PILLOW_MAX_PIXELS);
    private final Pixels pixels = new Pixels();
    private final ViewMaker views = new ViewMaker();
    private byte[] made = new byte[0];

    /**
     * Decodes an image and adds its view to the buffer.
     *
     * @param file the bytes of an image file
     * @param out takes {@code 3 * size * size} bytes of interleaved RGB from its position on
     * @throws IOException if the file holds no whole image; the message says why, without a name
     */
    public void make(ByteBuffer file, CentreView view, ByteBuffer out) throws IOException {
        decoder.decode(into -> into.room(file.remaining()).put(file.duplicate()).flip(), pixels);
        int bytes = 3 * view.size() * view.size();
        made = made.length == bytes ? made : new byte[bytes];
        views.centre(pixels, view, made);
        out.put(made);
    }

    @Override
    public void close() {
        decoder.close();
    }
}
