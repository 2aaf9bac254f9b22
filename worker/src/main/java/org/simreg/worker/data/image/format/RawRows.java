package org.simreg.worker.data.image.format;

import java.nio.ByteBuffer;

/** Rows of raw pixels one after another in a file, of which the last needs no padding. */
final class RawRows {
    private RawRows() {}

    /**
     * Reads the rows of a picture.
     *
     * @param file the whole file, from 0 to its limit
     * @param from where the first row starts
     * @param stride bytes from one row to the next; 0 if there is no padding
     * @param upwards whether the lowest row comes first
     * @param rgb takes the pixels
     */
    static void read(
            ByteBuffer file,
            long from,
            long stride,
            PixelLayout layout,
            boolean upwards,
            byte[] rgb,
            int width,
            int height)
            throws DamagedImage {
        int bytes = layout.bytes(width);
        DamagedImage.require(stride == 0 || stride >= bytes, "its rows are shorter than its width");
        long step = stride == 0 ? bytes : stride;
        byte[] row = new byte[bytes];
        for (int y = 0; y < height; y++) {
            long at = from + y * step;
            if (at + bytes > file.limit()) {
                throw DamagedImage.truncated();
            }
            file.get((int) at, row);
            layout.row(row, 0, width, rgb, 3 * width * (upwards ? height - 1 - y : y));
        }
    }
}
