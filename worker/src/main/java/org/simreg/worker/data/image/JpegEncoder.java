package org.simreg.worker.data.image;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;

/** An encoder of JPEG files by OpenCV: equal pixels, equal bytes. Belongs to one thread. */
public final class JpegEncoder implements AutoCloseable {
    private final IntPointer settings;
    private final OpenCvDecoder loaded = new OpenCvDecoder();

    /**
     * @param quality 1 to 100
     */
    public JpegEncoder(int quality) {
        settings = new IntPointer(opencv_imgcodecs.IMWRITE_JPEG_QUALITY, quality);
    }

    /**
     * Encodes a picture.
     *
     * @param rgb rows of interleaved RGB, at least {@code 3 * width * height} bytes; changed to BGR
     */
    public byte[] encode(byte[] rgb, int width, int height) {
        for (int i = 0; i < 3 * width * height; i += 3) {
            byte red = rgb[i];
            rgb[i] = rgb[i + 2];
            rgb[i + 2] = red;
        }
        try (BytePointer pixels = new BytePointer(3L * width * height);
                Mat image = new Mat(height, width, opencv_core.CV_8UC3, pixels.put(rgb, 0, 3 * width * height));
                BytePointer file = new BytePointer()) {
            if (!opencv_imgcodecs.imencode(".jpg", image, file, settings)) {
                throw new IllegalStateException("a picture of %d x %d can't be encoded".formatted(width, height));
            }
            byte[] bytes = new byte[Math.toIntExact(file.limit())];
            file.get(bytes);
            return bytes;
        }
    }

    @Override
    public void close() {
        settings.close();
        loaded.close();
    }
}
