package org.simreg.worker.data.image.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The largest picture of a Windows icon, a PNG file or a bitmap whose lower half masks the upper one. */
public final class IcoPicture {
    private static final int HEADER = 6;
    private static final int ENTRY = 16;
    private static final long PNG = 0x89504e470d0a1a0aL;

    private IcoPicture() {}

    /**
     * A picture of the icon, as the directory describes it.
     *
     * @param pixels width times height
     * @param depth bits a pixel, 256 if unknown
     */
    private record Entry(int pixels, int depth, int bits, long size, long offset) {
        static Entry at(ByteBuffer file, int place) {
            int width = file.get(place) & 0xff;
            int height = file.get(place + 1) & 0xff;
            int colours = file.get(place + 2) & 0xff;
            int bits = file.getShort(place + 6) & 0xffff;
            int ofColours = colours < 2 ? 256 : Integer.SIZE - Integer.numberOfLeadingZeros(colours - 1);
            return new Entry(
                    (width == 0 ? 256 : width) * (height == 0 ? 256 : height),
                    bits == 0 ? ofColours : bits,
                    bits,
                    file.getInt(place + 8) & 0xffffffffL,
                    file.getInt(place + 12) & 0xffffffffL);
        }

        boolean isBetterThan(Entry other) {
            return pixels > other.pixels || pixels == other.pixels && depth < other.depth;
        }
    }

    /**
     * Decodes a file; of pictures of one size, the one with the fewest bits a pixel, as Pillow takes it.
     *
     * @param file the whole file, from 0 to its limit
     */
    public static void decode(ByteBuffer file, Canvas canvas) throws IOException {
        file.order(ByteOrder.LITTLE_ENDIAN);
        Entry best = null;
        for (int i = 0; i < (file.getShort(4) & 0xffff); i++) {
            Entry entry = Entry.at(file, HEADER + ENTRY * i);
            best = best == null || entry.isBetterThan(best) ? entry : best;
        }
        DamagedImage.require(best != null, "it holds no picture");
        DamagedImage.require(best.offset <= file.limit() - Long.BYTES, DamagedImage.TRUNCATED);
        ByteBuffer png = file.slice((int) best.offset, file.limit() - (int) best.offset);
        if (png.getLong(0) == PNG) {
            PngPicture.decode(png.order(ByteOrder.LITTLE_ENDIAN), canvas);
        } else {
            DamagedImage.require(best.offset >= BmpPicture.FILE_HEADER, "its picture lies in its header");
            int start = (int) best.offset - BmpPicture.FILE_HEADER;
            ByteBuffer bitmap = file.slice(start, file.limit() - start).order(ByteOrder.LITTLE_ENDIAN);
            long end = BmpPicture.FILE_HEADER + best.size;
            BmpPicture.decodeIcon(bitmap, best.bits, end, canvas);
        }
    }
}
