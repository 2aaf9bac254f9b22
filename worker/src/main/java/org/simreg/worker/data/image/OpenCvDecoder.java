package org.simreg.worker.data.image;

import java.nio.ByteBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * A decoder of JPEG, PNG, WebP and BMP files by OpenCV. Holds one native image that is used again
 * and again; one belongs to one decode thread.
 */
final class OpenCvDecoder implements AutoCloseable {
    static {
        // JavaCPP counts the whole process against limits of its own: libtorch's memory would make
        // it refuse ours.
        preset("org.bytedeco.javacpp.maxPhysicalBytes", "0");
        preset("org.bytedeco.javacpp.maxBytes", "0");
        preset("org.bytedeco.javacpp.noPointerGC", "true");
        // All classes by one thread: decode threads that start together would wait for each other.
        Loader.load(opencv_imgcodecs.class);
        opencv_core.setNumThreads(1);
    }

    private final Mat image = new Mat();
    private byte[] raw = new byte[0];

    private static void preset(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /**
     * Decodes a file to RGB, ignoring its EXIF orientation.
     *
     * @param file a direct buffer that holds the file from 0
     * @param header its header
     * @param into takes the picture
     */
    void decode(ByteBuffer file, ImageHeader header, RgbImage into) throws ImageDecoder.UnreadableImage {
        boolean colour = header.kind() == ImageHeader.Kind.COLOUR;
        int flags = colour
                ? opencv_imgcodecs.IMREAD_COLOR_RGB | opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION
                : opencv_imgcodecs.IMREAD_UNCHANGED;
        try (BytePointer bytes = new BytePointer(file);
                Mat encoded = new Mat(1, header.bytes(), opencv_core.CV_8UC1, bytes);
                Mat decoded = opencv_imgcodecs.imdecode(encoded, flags, image)) {
            if (decoded.empty() || decoded.cols() != header.width() || decoded.rows() != header.height()) {
                throw new ImageDecoder.UnreadableImage("its data is damaged");
            }
            into.resize(decoded.cols(), decoded.rows());
            if (colour) {
                decoded.data().get(into.rgb, 0, 3 * into.width * into.height);
            } else {
                flatten(decoded, into);
            }
        } catch (RuntimeException e) {
            throw new ImageDecoder.UnreadableImage("its data is damaged: " + e.getMessage());
        }
    }

    private void flatten(Mat decoded, RgbImage into) throws ImageDecoder.UnreadableImage {
        int channels = decoded.channels();
        int depth = decoded.depth();
        if (depth != opencv_core.CV_8U && depth != opencv_core.CV_16U) {
            throw new ImageDecoder.UnreadableImage("its channels have an unknown depth");
        }
        int width = depth == opencv_core.CV_16U ? 2 : 1;
        int length = Math.multiplyExact(into.width * into.height, channels * width);
        if (raw.length < length) {
            raw = new byte[length];
        }
        decoded.data().get(raw, 0, length);
        overWhite(raw, channels, width, into);
    }

    /**
     * Puts a picture with grey or alpha channels, or 16 bits, as RGB over white.
     *
     * @param raw interleaved channels: grey, grey and alpha, BGR, or BGR and alpha
     * @param channels 1 to 4
     * @param width bytes a channel; of two, little-endian, the upper one is taken
     * @param into takes the picture; has its size already
     */
    private static void overWhite(byte[] raw, int channels, int width, RgbImage into) {
        boolean colour = channels > 2;
        boolean alpha = channels % 2 == 0;
        int step = channels * width;
        int upper = width - 1;
        int end = 3 * into.width * into.height;
        for (int o = 0, i = upper; o < end; o += 3, i += step) {
            int opacity = alpha ? raw[i + (channels - 1) * width] & 0xff : 255;
            for (int c = 0; c < 3; c++) {
                int value = raw[i + (colour ? (2 - c) * width : 0)] & 0xff;
                into.rgb[o + c] = (byte) over(value, opacity);
            }
        }
    }

    /**
     * Pillow's alpha composite over white: (value * alpha + 255 * (255 - alpha)) / 255, rounded in
     * its way.
     */
    private static int over(int value, int alpha) {
        if (alpha == 0) {
            return 255;
        }
        int sum = (value * alpha + 255 * (255 - alpha) << 7) + (0x80 << 7);
        return (sum >> 8) + sum >> 8 >> 7;
    }

    @Override
    public void close() {
        image.close();
    }
}
