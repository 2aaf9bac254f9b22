package org.simreg.worker.data.image;

/**
 * An image in memory, rows of interleaved RGB bytes. One belongs to one decode thread, which uses
 * it again and again.
 */
public final class RgbImage {
    /** At least {@code 3 * width * height + 1} bytes; the rest is left over from larger images. */
    public byte[] rgb = new byte[0];

    /** In pixels. */
    public int width;

    /** In pixels. */
    public int height;

    /** Makes room for an image of that size; the pixels are then undefined. */
    void resize(int newWidth, int newHeight) {
        width = newWidth;
        height = newHeight;
        int bytes = 1 + Math.multiplyExact(3, Math.multiplyExact(newWidth, newHeight));
        if (rgb.length < bytes) {
            rgb = new byte[bytes];
        }
    }
}
