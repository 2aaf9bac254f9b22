package org.simreg.worker.data.image;

import java.nio.ByteBuffer;

/** The marker segments of a JPEG file, up to the picture's data. */
final class JpegMarkers {
    private static final int START_OF_SCAN = 0xda;
    private static final int END = 0xd9;
    private static final int ADOBE = 0xee;

    /** The meaning of the values in a file of four channels, by Adobe's marker. */
    enum Ink {
        /** No such marker: 0 is no ink. */
        PLAIN,
        /** Adobe's: 255 is no ink. */
        INVERTED,
        /** Adobe's, turned into luminance and chrominance. */
        YCCK
    }

    private JpegMarkers() {}

    /**
     * Size and channels. libjpeg paints what is missing grey, with a line on stderr; so a file
     * whose data doesn't end with the end marker is refused here, as Pillow does.
     */
    static ImageHeader header(ByteBuffer file) throws ImageDecoder.UnreadableImage {
        int frame = -1;
        int at = 2;
        int marker = marker(file, at);
        while (marker != START_OF_SCAN) {
            if (isFrame(marker)) {
                frame = at;
            }
            at = next(file, at);
            marker = marker(file, at);
        }
        if (frame < 0) {
            throw new ImageDecoder.UnreadableImage("its JPEG data has no frame header");
        }
        requireEnd(file, at);
        int height = big(file, frame + 5);
        int components = file.get(frame + 9);
        ImageHeader.Kind kind = components == 4 ? ImageHeader.Kind.CMYK : ImageHeader.Kind.COLOUR;
        return new ImageHeader(kind, big(file, frame + 7), height, file.limit());
    }

    /** The meaning of the values; the file must have four channels. */
    static Ink ink(ByteBuffer file) throws ImageDecoder.UnreadableImage {
        int at = 2;
        for (int m = marker(file, at); m != START_OF_SCAN; m = marker(file, at)) {
            if (m == ADOBE && big(file, at + 2) >= 14 && file.getInt(at + 4) == 0x626f6441) {
                return file.get(at + 15) == 2 ? Ink.YCCK : Ink.INVERTED;
            }
            at = next(file, at);
        }
        return Ink.PLAIN;
    }

    private static boolean isFrame(int marker) {
        return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    }

    /** The marker at that place, any number of fill bytes skipped by {@link #next}. */
    private static int marker(ByteBuffer file, int at) throws ImageDecoder.UnreadableImage {
        if ((file.get(at) & 0xff) != 0xff) {
            throw new ImageDecoder.UnreadableImage("its JPEG markers are damaged at byte " + at);
        }
        return file.get(at + 1) & 0xff;
    }

    private static int next(ByteBuffer file, int at) {
        int marker = file.get(at + 1) & 0xff;
        if (marker == 0xff) {
            return at + 1;
        }
        boolean alone = marker == 1 || marker >= 0xd0 && marker <= 0xd8;
        return at + 2 + (alone ? 0 : big(file, at + 2));
    }

    private static void requireEnd(ByteBuffer file, int scan) throws ImageDecoder.UnreadableImage {
        for (int i = file.limit() - 2; i > scan; i--) {
            if ((file.get(i + 1) & 0xff) == END && (file.get(i) & 0xff) == 0xff) {
                return;
            }
        }
        throw new ImageDecoder.UnreadableImage("the file is truncated");
    }

    private static int big(ByteBuffer file, int at) {
        return (file.get(at) & 0xff) << 8 | file.get(at + 1) & 0xff;
    }
}
