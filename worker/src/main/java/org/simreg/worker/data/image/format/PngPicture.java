package org.simreg.worker.data.image.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * A PNG file, decoded row by row; of an animated one the first frame. As in Pillow, checksums are held against the
 * chunks before the picture's data and not against the data, and a missing end is no error.
 */
public final class PngPicture {
    private static final int[] FIRST_ROW = {0, 0, 4, 0, 2, 0, 1};
    private static final int[] ROW_STEP = {8, 8, 8, 4, 4, 2, 2};
    private static final int[] FIRST_COLUMN = {0, 4, 0, 2, 0, 1, 0};
    private static final int[] COLUMN_STEP = {8, 8, 4, 4, 2, 2, 1};

    private final PngChunks chunks;
    private final byte[] rgb;
    private final int width;
    private final PngChunks.Box box;
    private final PixelLayout layout;
    private final Inflater inflater = new Inflater();

    private PngPicture(PngChunks chunks, Canvas canvas) throws IOException {
        this.chunks = chunks;
        layout = chunks.layout();
        rgb = canvas.room(chunks.width(), chunks.height(), (long) chunks.width() * layout.bits() / 4);
        width = chunks.width();
        box = chunks.box();
    }

    /**
     * Decodes a file.
     *
     * @param file the whole file, from 0 to its limit
     */
    public static void decode(ByteBuffer file, Canvas canvas) throws IOException {
        PngChunks chunks = new PngChunks(file);
        chunks.readHeader();
        PngPicture picture = new PngPicture(chunks, canvas);
        try {
            picture.read();
        } catch (DataFormatException e) {
            throw new DamagedImage("its PNG data is damaged: " + e.getMessage());
        } finally {
            picture.inflater.end();
        }
        chunks.readRest();
    }

    private void read() throws IOException, DataFormatException {
        byte[] pixels = chunks.interlaced() ? new byte[3 * box.width()] : rgb;
        for (int pass = chunks.interlaced() ? 0 : 6; pass < 7; pass++) {
            Pass rows = chunks.interlaced()
                    ? new Pass(FIRST_ROW[pass], ROW_STEP[pass], FIRST_COLUMN[pass], COLUMN_STEP[pass])
                    : new Pass(0, 1, 0, 1);
            int across = (box.width() - rows.column + rows.columnStep - 1) / rows.columnStep;
            if (across > 0 && !read(rows, across, pixels)) {
                return;
            }
        }
    }

    /** A pass over the picture: which rows and columns it fills in. */
    private record Pass(int row, int rowStep, int column, int columnStep) {}

    /** False if the data ended with a row, as Pillow allows. */
    private boolean read(Pass pass, int across, byte[] pixels) throws IOException, DataFormatException {
        int bytes = layout.bytes(across);
        byte[] row = new byte[bytes + 1];
        byte[] previous = new byte[bytes + 1];
        for (int y = pass.row; y < box.height(); y += pass.rowStep) {
            inflate(row);
            unfilter(row, previous);
            if (pixels == rgb) {
                layout.row(row, 1, across, rgb, 3 * ((box.top() + y) * width + box.left()));
            } else {
                // Pillow puts an interlaced part at the left top, whatever its place.
                layout.row(row, 1, across, pixels, 0);
                for (int x = 0; x < across; x++) {
                    int to = 3 * (y * width + pass.column + x * pass.columnStep);
                    System.arraycopy(pixels, 3 * x, rgb, to, 3);
                }
            }
            if (inflater.finished()) {
                return false;
            }
            byte[] swap = previous;
            previous = row;
            row = swap;
        }
        return true;
    }

    private void inflate(byte[] row) throws IOException, DataFormatException {
        int have = 0;
        while (have < row.length) {
            int got = inflater.inflate(row, have, row.length - have);
            have += got;
            if (got == 0) {
                DamagedImage.require(!inflater.needsDictionary(), "its PNG data is damaged");
                if (inflater.finished() || !chunks.nextData()) {
                    throw DamagedImage.truncated();
                }
                inflater.setInput(chunks.data());
            }
        }
    }

    private void unfilter(byte[] row, byte[] previous) throws DamagedImage {
        int step = (layout.bits() + 7) / 8;
        switch (row[0]) {
            case 0 -> {}
            case 1 -> {
                for (int i = step + 1; i < row.length; i++) {
                    row[i] += row[i - step];
                }
            }
            case 2 -> {
                for (int i = 1; i < row.length; i++) {
                    row[i] += previous[i];
                }
            }
            case 3 -> {
                for (int i = 1; i < row.length; i++) {
                    int left = i > step ? row[i - step] & 0xff : 0;
                    row[i] += (byte) (left + (previous[i] & 0xff) >> 1);
                }
            }
            case 4 -> paeth(row, previous, step);
            default -> throw new DamagedImage("its PNG data is damaged: there is no filter " + (row[0] & 0xff));
        }
    }

    private static void paeth(byte[] row, byte[] previous, int step) {
        int first = Math.min(step + 1, row.length);
        for (int i = 1; i < first; i++) {
            row[i] += previous[i];
        }
        for (int i = first; i < row.length; i++) {
            int a = row[i - step] & 0xff;
            int b = previous[i] & 0xff;
            int c = previous[i - step] & 0xff;
            int pa = Math.abs(b - c);
            int pb = Math.abs(a - c);
            int pc = Math.abs(a + b - 2 * c);
            row[i] += (byte) (pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
        }
    }
}
