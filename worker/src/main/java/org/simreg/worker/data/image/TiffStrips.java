package org.simreg.worker.data.image;

import java.nio.ByteBuffer;
import org.simreg.worker.data.image.format.TiffPicture;
import org.simreg.worker.data.image.format.TiffPicture.StripSize;

/** The decoder of strips and tiles that are JPEG files, for TIFF. Keeps its buffers; belongs to one decode thread. */
final class TiffStrips implements TiffPicture.StripJpeg {
    private static final int ADOBE_LENGTH = 16;
    private static final int BLOCK = 16;

    /** Times that the scans of a strip come to each of its blocks, at most: there are many strips, and a picture's work is bounded. */
    private static final int MOST_SCANS = 16;

    private final OpenCvDecoder openCv;
    private final FileBuffer buffer = new FileBuffer(PictureMemory.TAKEN_ALREADY);
    private final RgbImage pixels = new RgbImage(PictureMemory.TAKEN_ALREADY);

    /**
     * @param openCv stays the caller's
     */
    TiffStrips(OpenCvDecoder openCv) {
        this.openCv = openCv;
    }

    @Override
    public byte[] channels(byte[] file, boolean luminance, int channels, StripSize size)
            throws ImageDecoder.UnreadableImage {
        try {
            ByteBuffer room = buffer.room(file.length + (long) ADOBE_LENGTH);
            // The TIFF tags say what the channels are, by the marker that JPEG decoders ask.
            room.put(file, 0, Math.min(2, file.length)).put(adobe(luminance));
            room.put(file, Math.min(2, file.length), Math.max(0, file.length - 2))
                    .flip();
            JpegHeader header = JpegHeader.of(buffer.bytes());
            if (header.components() != channels || !fits(header, size)) {
                throw new ImageDecoder.UnreadableImage("a JPEG strip has another size than the file says");
            }
            if (header.visits() > MOST_SCANS * header.blocks()) {
                throw new ImageDecoder.UnreadableImage("a JPEG strip has more scans than a strip may have");
            }
            ByteBuffer packed = header.packed(buffer.bytes());
            if (channels == 4) {
                return CmykJpeg.channels(packed, header, size.height());
            }
            openCv.decode(packed, header.width(), header.height(), true, pixels);
            byte[] out = new byte[Math.multiplyExact(channels, size.width() * size.height())];
            for (int i = 0; i < out.length; i++) {
                out[i] = pixels.rgb[i * 3 / channels];
            }
            return out;
        } finally {
            pixels.release();
            buffer.close();
        }
    }

    /** Encoders may fill the last rows up to whole blocks. */
    private static boolean fits(JpegHeader header, StripSize size) {
        return header.width() == size.width()
                && header.height() >= size.height()
                && header.height() < size.most() + BLOCK;
    }

    private static byte[] adobe(boolean luminance) {
        byte[] marker = new byte[ADOBE_LENGTH];
        byte[] start = {(byte) 0xff, (byte) 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100};
        System.arraycopy(start, 0, marker, 0, start.length);
        marker[ADOBE_LENGTH - 1] = (byte) (luminance ? 1 : 0);
        return marker;
    }
}
