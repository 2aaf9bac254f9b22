package org.simreg.worker.data.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.simreg.worker.data.image.format.BmpPicture;
import org.simreg.worker.data.image.format.Canvas;
import org.simreg.worker.data.image.format.DamagedImage;
import org.simreg.worker.data.image.format.GifFrame;
import org.simreg.worker.data.image.format.IcoPicture;
import org.simreg.worker.data.image.format.PngPicture;
import org.simreg.worker.data.image.format.PnmPicture;
import org.simreg.worker.data.image.format.TiffPicture;

/**
 * A decoder of image files to the pixels of Pillow's {@code Image.open(file).convert("RGB")}. Keeps its buffers; belongs
 * to one decode thread.
 */
public final class ImageDecoder implements AutoCloseable {
    private final OpenCvDecoder openCv = new OpenCvDecoder();
    private final TiffStrips strips = new TiffStrips(openCv);
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
     * Reads and decodes a file: the first frame, without its alpha, not turned by its EXIF orientation. The picture may
     * hold memory that others wait for, until it is {@linkplain RgbImage#release released} or used again.
     *
     * @throws UnreadableImage if the file holds no image that Pillow reads whole; the message says why
     * @throws IOException if the file can't be read
     */
    public void decode(Reading reading, RgbImage into) throws IOException {
        into.release();
        try {
            reading.into(file);
            ImageKind kind = ImageKind.of(file.bytes());
            try {
                decode(kind, file.bytes(), into);
            } catch (IndexOutOfBoundsException e) {
                throw new UnreadableImage("the content is " + kind.title + ", and the file is truncated");
            } catch (ArithmeticException | IllegalArgumentException | NegativeArraySizeException e) {
                throw new UnreadableImage(
                        "the content is " + kind.title + ", and its data is damaged: " + e.getMessage());
            } catch (DamagedImage | UnreadableImage e) {
                throw new UnreadableImage("the content is " + kind.title + ", and " + e.getMessage());
            }
        } finally {
            file.close();
        }
    }

    private void decode(ImageKind kind, ByteBuffer bytes, RgbImage into) throws IOException {
        Canvas canvas = into.upTo(maxPixels);
        switch (kind) {
            case JPEG -> jpeg(bytes, into);
            case PNG -> PngPicture.decode(bytes, canvas);
            case GIF -> GifFrame.decode(bytes, canvas);
            case WEBP -> webp(bytes, into);
            case BMP -> BmpPicture.decode(bytes, canvas);
            case PNM -> PnmPicture.decode(bytes, canvas);
            case ICO -> IcoPicture.decode(bytes, canvas);
            case TIFF -> TiffPicture.decode(bytes, strips, canvas);
        }
    }

    private void jpeg(ByteBuffer bytes, RgbImage into) throws UnreadableImage {
        JpegHeader header = JpegHeader.of(bytes);
        RgbImage.requireSize(header.width(), header.height(), maxPixels);
        ByteBuffer packed = header.packed(bytes);
        PictureMemory.LIBRARIES.take(header.workspace());
        try {
            if (header.components() == 4) {
                CmykJpeg.decode(packed, header, into);
            } else {
                openCv.decode(packed, header.width(), header.height(), true, into);
            }
        } finally {
            PictureMemory.LIBRARIES.giveBack(header.workspace());
        }
    }

    private void webp(ByteBuffer bytes, RgbImage into) throws UnreadableImage {
        WebpHeader header = WebpHeader.of(bytes);
        RgbImage.requireSize(header.width(), header.height(), maxPixels);
        ByteBuffer part = bytes.slice(header.start(), header.end() - header.start());
        PictureMemory.LIBRARIES.take(header.workspace());
        try {
            openCv.decode(part, header.width(), header.height(), false, into);
        } finally {
            PictureMemory.LIBRARIES.giveBack(header.workspace());
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
