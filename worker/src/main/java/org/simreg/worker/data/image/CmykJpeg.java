package org.simreg.worker.data.image;

import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * The decoder of JPEG files of four channels to RGB, as Pillow converts them. OpenCV only gives its
 * own, rougher conversion; so the four channels come from ImageIO, slower but to the same bit, and
 * such files are few.
 */
final class CmykJpeg {
    private static final int BITS = 16;

    private CmykJpeg() {}

    static void decode(ByteBuffer file, RgbImage into) throws ImageDecoder.UnreadableImage {
        JpegMarkers.Ink ink = JpegMarkers.ink(file);
        byte[] bytes = new byte[file.limit()];
        file.get(0, bytes);
        Raster raster = channels(bytes);
        if (raster.getNumBands() != 4) {
            throw new ImageDecoder.UnreadableImage("its JPEG data has " + raster.getNumBands() + " channels, not four");
        }
        into.resize(raster.getWidth(), raster.getHeight());
        int[] row = new int[4 * raster.getWidth()];
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
            convert(row, ink, into.rgb, 3 * y * raster.getWidth());
        }
    }

    private static Raster channels(byte[] bytes) throws ImageDecoder.UnreadableImage {
        ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        try (var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
            reader.setInput(stream, true, true);
            return reader.readRaster(0, null);
        } catch (IOException | IllegalArgumentException e) {
            throw new ImageDecoder.UnreadableImage("its CMYK data can't be decoded: " + e.getMessage());
        } finally {
            reader.dispose();
        }
    }

    private static void convert(int[] row, JpegMarkers.Ink ink, byte[] rgb, int to) {
        for (int i = 0, o = to; i < row.length; i += 4, o += 3) {
            if (ink == JpegMarkers.Ink.YCCK) {
                toCmyk(row, i);
            }
            int flip = ink == JpegMarkers.Ink.PLAIN ? 0 : 255;
            int paper = 255 - (row[i + 3] ^ flip);
            rgb[o] = (byte) (paper - scaled(row[i] ^ flip, paper));
            rgb[o + 1] = (byte) (paper - scaled(row[i + 1] ^ flip, paper));
            rgb[o + 2] = (byte) (paper - scaled(row[i + 2] ^ flip, paper));
        }
    }

    /** a * b / 255, rounded. */
    private static int scaled(int a, int b) {
        int product = a * b + 128;
        return (product >> 8) + product >> 8;
    }

    /**
     * libjpeg's fixed-point conversion of luminance and chrominance; the black channel stays as it
     * is.
     */
    private static void toCmyk(int[] row, int i) {
        int y = row[i];
        int blue = row[i + 1] - 128;
        int red = row[i + 2] - 128;
        int half = 1 << BITS - 1;
        row[i] = clamp(255 - (y + (91881 * red + half >> BITS)));
        row[i + 1] = clamp(255 - (y + (-22554 * blue - 46802 * red + half >> BITS)));
        row[i + 2] = clamp(255 - (y + (116130 * blue + half >> BITS)));
    }

    private static int clamp(int value) {
        return Math.max(0, Math.min(255, value));
    }
}
