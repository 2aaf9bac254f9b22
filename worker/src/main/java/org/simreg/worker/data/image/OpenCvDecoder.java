package org.simreg.worker.data.image;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * A decoder of JPEG and WebP files by OpenCV. Holds one native image that is used again
 * and again; one belongs to one decode thread.
 */
final class OpenCvDecoder implements AutoCloseable {
    static {
        // JavaCPP counts the whole process against limits of its own: libtorch's memory would make
        // it refuse ours.
        preset("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        preset("org.bytedeco.javacpp.maxBytes", "0");
        preset("org.bytedeco.javacpp.noPointerGC", "true");
        // The decoders alone. Without this, OpenCV's loader looks for two dozen CUDA libraries in every jar, which
        // takes a
        // second, and loads those of the machine that it finds beside libtorch's own.
        preset("org.bytedeco.javacpp.platform.extension", "");
        // All classes by one thread: decode threads that start together would wait for each other.
        Loader.load(opencv_imgcodecs.class);
        opencv_core.setNumThreads(1);
    }

    /** Pixels of the largest native picture that is kept for the next. */
    private static final int KEPT = 1 << 23;

    /** Bytes that are copied at once: the whole process may have to wait until a copy between native memory and the heap is done. */
    private static final int AT_ONCE = 1 << 24;

    private final Mat image = new Mat();
    private byte[] row = new byte[0];

    private static void preset(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /**
     * Decodes a file to RGB, ignoring its EXIF orientation and its alpha.
     *
     * @param file a direct buffer that holds the file from 0 to its limit
     * @param width what its header says
     * @param height what its header says
     * @param colour whether OpenCV is to make RGB of it; else it has 8-bit channels, and perhaps alpha
     * @param into takes the picture
     */
    void decode(ByteBuffer file, int width, int height, boolean colour, RgbImage into)
            throws ImageDecoder.UnreadableImage {
        int flags = colour
                ? opencv_imgcodecs.IMREAD_COLOR_RGB | opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION
                : opencv_imgcodecs.IMREAD_UNCHANGED;
        into.resize(width, height, 0);
        try (BytePointer bytes = new BytePointer(file);
                Mat encoded = new Mat(1, file.limit(), opencv_core.CV_8UC1, bytes);
                Mat decoded = opencv_imgcodecs.imdecode(encoded, flags, image)) {
            if (decoded.empty() || decoded.cols() != width || decoded.rows() != height) {
                throw new ImageDecoder.UnreadableImage("its data is damaged");
            }
            if (colour) {
                copyRgb(decoded, into);
            } else {
                copy(decoded, into);
            }
        } catch (RuntimeException e) {
            // OpenCV's message tells where its source was built, and little else.
            throw new ImageDecoder.UnreadableImage("its data is damaged");
        } finally {
            if ((long) width * height > KEPT) {
                image.release();
            }
        }
    }

    private static void copyRgb(Mat decoded, RgbImage into) {
        int bytes = 3 * into.width * into.height;
        BytePointer data = decoded.data();
        for (int from = 0; from < bytes; from += AT_ONCE) {
            data.position(from).get(into.rgb, from, Math.min(AT_ONCE, bytes - from));
        }
    }

    /** Copies BGR, or BGR and alpha. */
    private void copy(Mat decoded, RgbImage into) throws ImageDecoder.UnreadableImage {
        int channels = decoded.channels();
        if (decoded.depth() != opencv_core.CV_8U || channels < 3) {
            throw new ImageDecoder.UnreadableImage("its channels have an unknown depth");
        }
        int length = into.width * channels;
        if (row.length < length) {
            row = new byte[length];
        }
        BytePointer data = decoded.data();
        for (int y = 0, o = 0; y < into.height; y++) {
            data.position((long) y * length).get(row, 0, length);
            for (int i = 0; i < length; i += channels, o += 3) {
                into.rgb[o] = row[i + 2];
                into.rgb[o + 1] = row[i + 1];
                into.rgb[o + 2] = row[i];
            }
        }
    }

    @Override
    public void close() {
        image.close();
    }
}
