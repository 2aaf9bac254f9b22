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

    /**
     * Decodes a file.
     *
     * @param file the whole file, from 0 to its limit
     * @param header its header
     * @param into takes the picture
     */
    static void decode(ByteBuffer file, JpegHeader header, RgbImage into) throws ImageDecoder.UnreadableImage {
        into.resize(header.width(), header.height(), 4L * header.width() * header.height() + file.limit());
        Raster raster = raster(file, header);
        int[] row = new int[4 * raster.getWidth()];
        for (int y = 0; y < raster.getHeight(); y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, raster.getWidth(), 1, row);
            convert(row, header.luminance(), into.rgb, 3 * y * raster.getWidth());
        }
    }

    /**
     * The four channels as they are, interleaved.
     *
     * @param height rows that are wanted, at most the file's
     */
    static byte[] channels(ByteBuffer file, JpegHeader header, int height) throws ImageDecoder.UnreadableImage {
        Raster raster = raster(file, header);
        int bytes = 4 * header.width();
        byte[] out = new byte[bytes * height];
        int[] row = new int[bytes];
        for (int y = 0; y < height; y++) {
            raster.getPixels(raster.getMinX(), raster.getMinY() + y, header.width(), 1, row);
            for (int i = 0; i < bytes; i++) {
                out[y * bytes + i] = (byte) row[i];
            }
        }
        return out;
    }

    private static Raster raster(ByteBuffer file, JpegHeader header) throws ImageDecoder.UnreadableImage {
        byte[] bytes = new byte[file.limit()];
        file.get(0, bytes);
        Raster raster = decoded(withoutAdobe(bytes));
        boolean whole = raster.getWidth() == header.width() && raster.getHeight() == header.height();
        if (raster.getNumBands() != 4 || !whole) {
            throw new ImageDecoder.UnreadableImage("its data is damaged");
        }
        return raster;
    }

    /** Renames Adobe's marker to one that nobody knows, so that the channels come as they are. */
    private static byte[] withoutAdobe(byte[] bytes) {
        for (int at = 2; at + 4 <= bytes.length && (bytes[at + 1] & 0xff) != 0xda; ) {
            int marker = bytes[at + 1] & 0xff;
            if (marker == 0xee || marker == 0xe0) {
                bytes[at + 1] = (byte) 0xef;
            }
            boolean alone = marker >= 0xd0 && marker <= 0xd9;
            at += 2 + (alone ? 0 : (bytes[at + 2] & 0xff) << 8 | bytes[at + 3] & 0xff);
        }
        return bytes;
    }

    private static Raster decoded(byte[] bytes) throws ImageDecoder.UnreadableImage {
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

    /** As Pillow does, whatever Adobe's marker says: 255 is no ink. */
    private static void convert(int[] row, boolean luminance, byte[] rgb, int to) {
        for (int i = 0, o = to; i < row.length; i += 4, o += 3) {
            if (luminance) {
                toCmyk(row, i);
            }
            int paper = row[i + 3];
            rgb[o] = (byte) (paper - scaled(255 - row[i], paper));
            rgb[o + 1] = (byte) (paper - scaled(255 - row[i + 1], paper));
            rgb[o + 2] = (byte) (paper - scaled(255 - row[i + 2], paper));
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
