package org.simreg.worker.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files to RGB pixels. Keeps its buffers; one belongs to one decode thread. */
final class ImageDecoder implements AutoCloseable {
    private final OpenCv openCv = new OpenCv();
    private final long maxPixels;
    private ByteBuffer buffer = allocate(1 << 18);

    /**
     * @param maxPixels an image whose header says more is refused before it is decoded
     */
    ImageDecoder(long maxPixels) {
        this.maxPixels = maxPixels;
    }

    /**
     * Reads and decodes a file: the first frame, over white, not turned by its EXIF orientation.
     *
     * @throws UnreadableImage if the file holds no whole image; the message says why
     * @throws IOException if the file can't be read
     */
    void decode(Path file, Pixels into) throws IOException {
        read(file);
        ImageHeader header = ImageHeader.of(buffer).withinPixels(maxPixels);
        switch (header.kind()) {
            case GIF -> GifFrame.decode(buffer, header, into);
            case CMYK -> CmykJpeg.decode(buffer, into);
            default -> openCv.decode(buffer, header, into);
        }
    }

    private void read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size > Integer.MAX_VALUE / 2) {
                throw new UnreadableImage("the file has " + size + " bytes");
            }
            if (size > buffer.capacity()) {
                buffer = allocate((int) size + (int) size / 2);
            }
            buffer.clear().limit((int) size);
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
                continue;
            }
            buffer.flip();
        }
    }

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() {
        openCv.close();
    }
}
