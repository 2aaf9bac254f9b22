package org.simreg.worker.data.image;

import java.util.Arrays;
import org.simreg.worker.data.image.format.Canvas;

/**
 * An image in memory, rows of interleaved RGB bytes. One belongs to one decode thread, which uses
 * it again and again.
 */
public final class RgbImage {
    /** Bytes of a pixel of the two unpacked rows that views are made from. */
    private static final long UNPACKED = 24;

    /** What is kept for the next picture, 5.6 million pixels; larger ones share {@link PictureMemory#PIXELS}. */
    private static final int KEPT = 1 << 24;

    /** At least {@code 3 * width * height + 1} bytes; the rest is left over from larger images. */
    public byte[] rgb = new byte[0];

    /** In pixels. */
    public int width;

    /** In pixels. */
    public int height;

    private final PictureMemory memory;
    private long taken;

    /** With the memory that all pictures share. */
    public RgbImage() {
        this(PictureMemory.PIXELS);
    }

    /**
     * @param memory where a large picture's is taken
     */
    RgbImage(PictureMemory memory) {
        this.memory = memory;
    }

    /**
     * Makes room for an image of that size; the pixels are then undefined. Waits while other threads' large pictures
     * fill the memory for pictures.
     *
     * @param workspace bytes of the heap that the decoder takes beside it
     * @throws ImageDecoder.UnreadableImage if this process never has as much memory
     */
    void resize(int newWidth, int newHeight, long workspace) throws ImageDecoder.UnreadableImage {
        release();
        long bytes = 1 + 3L * newWidth * newHeight;
        if (bytes + workspace > KEPT) {
            memory.take(bytes + workspace);
            taken = bytes + workspace;
        }
        width = newWidth;
        height = newHeight;
        if (rgb.length < bytes) {
            rgb = new byte[Math.toIntExact(bytes)];
        }
    }

    /** Gives the memory of a large picture back; its pixels are gone. */
    public void release() {
        if (rgb.length > KEPT) {
            rgb = new byte[0];
        }
        memory.giveBack(taken);
        taken = 0;
    }

    /** This image as a decoder's canvas. */
    Canvas upTo(long maxPixels) {
        return (newWidth, newHeight, workspace) -> {
            requireSize(newWidth, newHeight, maxPixels);
            byte[] before = rgb;
            resize((int) newWidth, (int) newHeight, workspace + UNPACKED * newWidth);
            if (rgb == before) {
                Arrays.fill(rgb, 0, 3 * width * height, (byte) 0);
            }
            return rgb;
        };
    }

    static void requireSize(long width, long height, long maxPixels) throws ImageDecoder.UnreadableImage {
        if (width <= 0 || height <= 0) {
            throw new ImageDecoder.UnreadableImage("its size is " + width + " x " + height);
        }
        if (width > maxPixels / height) {
            throw new ImageDecoder.UnreadableImage(
                    "its size is %d x %d, above the limit of %d pixels".formatted(width, height, maxPixels));
        }
    }
}
