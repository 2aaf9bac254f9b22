package org.simreg.worker.data.image;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A decoder of image files to RGB pixels. Keeps its buffers; belongs to one decode thread. */
public final class ImageDecoder implements AutoCloseable {
    private final OpenCvDecoder openCv = new OpenCvDecoder();
    private final long maxPixels;
    private final FileBuffer file = new FileBuffer();

    /** The reading of one whole file. */
    public interface Reading {
        void into(FileBuffer file) throws IOException;
    }

    /**
     * @param maxPixels an image whose header says more is refused before it is decoded
     */
    public ImageDecoder(long maxPixels) {
        this.maxPixels = maxPixels;
    }

    /**
     * Reads and decodes a file: the first frame, over white, not turned by its EXIF orientation.
     *
     * @throws UnreadableImage if the file holds no whole image; the message says why
     * @throws IOException if the file can't be read
     */
    public void decode(Reading reading, RgbImage into) throws IOException {
        reading.into(file);
        ByteBuffer bytes = file.bytes();
        ImageHeader header = ImageHeader.of(bytes).withinPixels(maxPixels);
        switch (header.kind()) {
            case GIF -> GifFrame.decode(bytes, header, into);
            case CMYK -> CmykJpeg.decode(bytes, into);
            default -> openCv.decode(bytes, header, into);
        }
    }

    @Override
    public void close() {
        openCv.close();
    }

    /**
     * The error of a file that holds no image that can be read whole. The message is the reason,
     * without the file's name.
     */
    public static final class UnreadableImage extends IOException {
        public UnreadableImage(String reason) {
            super(reason);
        }
    }
}
