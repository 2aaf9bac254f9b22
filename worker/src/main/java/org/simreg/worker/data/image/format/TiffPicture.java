package org.simreg.worker.data.image.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The first page of a TIFF file, in strips or tiles, turned as its orientation says: Pillow does so with this format
 * only.
 */
public final class TiffPicture {
    private static final int JPEG = 7;

    private final ByteBuffer file;
    private final TiffDirectory tags;
    private final StripJpeg jpeg;
    private final int compression;
    private final TiffLayout layout;
    private final boolean planes;
    private int width;
    private int height;
    private byte[] rgb;

    /** A decoder of the JPEG files that a TIFF file's strips or tiles are. */
    public interface StripJpeg {
        /**
         * @param file a whole JPEG file
         * @param luminance whether three channels are luminance and chrominance, to be turned to RGB
         * @return interleaved channels, row by row
         */
        byte[] channels(byte[] file, boolean luminance, int channels, StripSize size) throws IOException;
    }

    /**
     * The size that a strip or tile should have.
     *
     * @param width in pixels
     * @param height rows at least
     * @param most rows at most: the last strip may be as high as the others
     */
    public record StripSize(int width, int height, int most) {}

    private TiffPicture(ByteBuffer file, StripJpeg jpeg) throws DamagedImage {
        this.file = file;
        this.jpeg = jpeg;
        tags = new TiffDirectory(file);
        compression = (int) tags.value(TiffDirectory.COMPRESSION, TiffData.RAW);
        planes = tags.value(TiffDirectory.PLANES, 1) == 2;
        layout = TiffLayout.of(tags, compression);
    }

    /**
     * Decodes a file.
     *
     * @param file the whole file, from 0 to its limit
     */
    public static void decode(ByteBuffer file, StripJpeg jpeg, Canvas canvas) throws IOException {
        new TiffPicture(file, jpeg).read(canvas);
    }

    private void read(Canvas canvas) throws IOException {
        long across = tags.value(TiffDirectory.WIDTH, 0);
        long down = tags.value(TiffDirectory.HEIGHT, 0);
        boolean tiled = !tags.has(TiffDirectory.STRIP_OFFSETS);
        long[] offsets = tags.values(tiled ? TiffDirectory.TILE_OFFSETS : TiffDirectory.STRIP_OFFSETS);
        DamagedImage.require(offsets.length > 0, "it doesn't say where its pixels are");
        long blockWidth = tiled ? tags.value(TiffDirectory.TILE_WIDTH, 0) : across;
        long blockHeight =
                tags.value(tiled ? TiffDirectory.TILE_HEIGHT : TiffDirectory.ROWS_PER_STRIP, tiled ? 0 : down);
        DamagedImage.require(blockWidth > 0 && blockHeight > 0, "its tiles or strips are empty");
        int orientation = (int) tags.value(TiffDirectory.ORIENTATION, 1);
        boolean turned = orientation >= 5 && orientation <= 8;
        long columns = Math.min(blockWidth, compression == TiffData.RAW ? across : blockWidth);
        long rows = tiled && compression != TiffData.RAW ? blockHeight : Math.min(blockHeight, down);
        long block = (columns * layout.pixels().bits() / 8 + 1) * Math.min(rows, 1 << 20);
        long copy = orientation > 1 && orientation <= 8 ? 3 * across * down : 0;
        long[] counts = compression == TiffData.RAW ? new long[0] : counts(offsets, tiled);
        long strip = requireOwnBytes(counts, (across * layout.bits() * layout.samples() / 8 + 1) * down);
        rgb = canvas.room(turned ? down : across, turned ? across : down, 4 * block + copy + strip);
        width = (int) across;
        height = (int) down;
        if (compression == TiffData.RAW) {
            raw(offsets, blockWidth, blockHeight);
        } else {
            DamagedImage.require(block < Integer.MAX_VALUE, "its tiles or strips are too large");
            packed(offsets, counts, tiled, (int) Math.min(blockWidth, 1 << 30), (int) Math.min(rows, 1 << 30));
        }
        if (copy > 0) {
            turn(orientation);
        }
    }

    /** Rows as they are, in the order of the file; what no strip fills has the first index or no ink, as in Pillow. */
    private void raw(long[] offsets, long blockWidth, long blockHeight) throws DamagedImage {
        DamagedImage.require(!planes || layout.photometric() > 1 || layout.samples() == 1, "its alpha is a plane");
        if (layout.photometric() == 3 || layout.photometric() == 5) {
            byte[] empty = new byte[layout.pixels().bytes(width)];
            for (int y = 0; y < height; y++) {
                layout.pixels().row(empty, 0, width, rgb, 3 * y * width);
            }
        }
        long[] used = offsets;
        if (blockWidth == width && blockHeight == height && !planes) {
            used = new long[] {offsets[offsets.length - 1]};
        }
        long perRow = (width + blockWidth - 1) / blockWidth;
        long perPlane = perRow * ((height + blockHeight - 1) / blockHeight);
        long[] places = used;
        int[] order = IntStream.range(0, used.length)
                .boxed()
                .sorted((a, b) -> Long.compare(places[a], places[b]))
                .mapToInt(Integer::intValue)
                .toArray();
        for (int i : order) {
            long x = i % perPlane % perRow * blockWidth;
            long y = i % perPlane / perRow * blockHeight;
            int plane = planes ? (int) (i / perPlane) : 0;
            raw(used[i], blockWidth, blockHeight, (int) x, (int) y, plane);
        }
    }

    private void raw(long offset, long blockWidth, long blockHeight, int x, int y, int plane) throws DamagedImage {
        PixelLayout pixels = planes ? plane(plane) : layout.pixels();
        int columns = (int) Math.min(blockWidth, width - x);
        int rows = (int) Math.min(blockHeight, height - y);
        int bytes = pixels.bytes(columns);
        long all = (long) layout.bits() * layout.samples();
        long stride = x + blockWidth <= width ? 0 : blockWidth * all / 8 / (planes ? channels() : 1);
        DamagedImage.require(stride == 0 || stride >= bytes, "its rows are shorter than its width");
        byte[] row = new byte[bytes];
        byte[] out = new byte[3 * columns];
        for (int r = 0; r < rows; r++) {
            long at = offset + r * (stride == 0 ? bytes : stride);
            if (at < 0 || at + bytes > file.limit()) {
                throw DamagedImage.truncated();
            }
            file.get((int) at, row);
            if (layout.reversed()) {
                TiffData.reverse(row);
            }
            int to = 3 * ((y + r) * width + x);
            if (planes && channels() > 1) {
                pixels.row(row, 0, columns, out, 0);
                merge(out, plane, to, columns);
            } else {
                pixels.row(row, 0, columns, rgb, to);
            }
        }
    }

    /** Channels that count, of a pixel in planes. */
    private int channels() {
        return switch (layout.photometric()) {
            case 2, 6 -> 3;
            case 5 -> 4;
            default -> 1;
        };
    }

    /** The layout of one plane: of raw ones Pillow takes a byte a sample, whatever their bits. */
    private PixelLayout plane(int plane) throws DamagedImage {
        DamagedImage.require(plane < layout.samples(), "it has more planes than samples");
        DamagedImage.require(
                layout.bits() == 8 || layout.samples() > 1 || layout.bits() == 1, "its single plane isn't read");
        return layout.samples() == 1 ? PixelLayout.grey(layout.bits(), false) : PixelLayout.channels(1, 0, 0, 0);
    }

    /** Puts a plane's channel of some pixels in; the black one of ink comes last. */
    private void merge(byte[] out, int plane, int to, int columns) {
        for (int i = 0; plane < 3 && i < columns; i++) {
            rgb[to + 3 * i + plane] = out[3 * i];
        }
        if (layout.photometric() == 5 && plane == 3) {
            byte[] ink = new byte[4 * columns];
            for (int i = 0; i < columns; i++) {
                System.arraycopy(rgb, to + 3 * i, ink, 4 * i, 3);
                ink[4 * i + 3] = out[3 * i];
            }
            PixelLayout.ink(4, 1, 0).row(ink, 0, columns, rgb, to);
        }
    }

    private long[] counts(long[] offsets, boolean tiled) throws DamagedImage {
        long[] counts = tags.values(tiled ? TiffDirectory.TILE_COUNTS : TiffDirectory.STRIP_COUNTS);
        return counts.length == 0 && offsets.length == 1 ? new long[] {file.limit() - offsets[0]} : counts;
    }

    /**
     * Refuses strips that share so many bytes that they would be unpacked for ever. Equal ones may.
     *
     * @param raw bytes of the picture, unpacked
     * @return bytes of the heap that a strip takes while it is unpacked
     */
    private long requireOwnBytes(long[] counts, long raw) throws DamagedImage {
        long all = 0;
        long longest = 0;
        for (long count : counts) {
            long there = Math.max(0, Math.min(count, file.limit()));
            all += there;
            longest = Math.max(longest, there);
        }
        DamagedImage.require(
                all <= file.limit() + raw,
                "its strips or tiles have %d bytes in a file of %d".formatted(all, file.limit()));
        // With its tables, and as a file of its own.
        return compression == JPEG ? 3 * longest : longest;
    }

    private void packed(long[] offsets, long[] counts, boolean tiled, int blockWidth, int blockRows)
            throws IOException {
        DamagedImage.require(tags.isWhole(), "its directory is cut short");
        long perRow = (width + (long) blockWidth - 1) / blockWidth;
        long perPlane = perRow * ((height + (long) blockRows - 1) / blockRows);
        int planeCount = planes && layout.samples() > 1 ? layout.samples() : 1;
        DamagedImage.require(
                planeCount == 1 || layout.bits() == 8 || layout.bits() == 16,
                "its planes have " + layout.bits() + " bits");
        DamagedImage.require(
                layout.photometric() != 6 || compression == JPEG,
                "luminance and chrominance are only read in JPEG data");
        for (int plane = 0; plane < planeCount; plane++) {
            for (int i = 0; i < perPlane; i++) {
                int index = (int) (plane * perPlane + i);
                DamagedImage.require(index < offsets.length && index < counts.length, "strips or tiles are missing");
                int x = (int) (i % perRow) * blockWidth;
                int y = (int) (i / perRow) * blockRows;
                int rows = tiled ? blockRows : Math.min(blockRows, height - y);
                StripSize size = new StripSize(blockWidth, rows, blockRows);
                byte[] block = unpacked(offsets[index], counts[index], size, planeCount > 1);
                place(block, x, y, blockWidth, plane, planeCount > 1);
            }
        }
    }

    private byte[] unpacked(long offset, long count, StripSize size, boolean single) throws IOException {
        DamagedImage.throwIfUnwanted();
        int columns = size.width;
        int rows = size.height;
        DamagedImage.require(count > 0 && offset > 0 && offset <= file.limit() - count, DamagedImage.TRUNCATED);
        byte[] in = new byte[(int) count];
        file.get((int) offset, in);
        int channels = single ? 1 : layout.samples();
        if (compression == JPEG) {
            return jpeg(in, channels, size);
        }
        if (layout.reversed()) {
            TiffData.reverse(in);
        }
        int bytes = (int) (((long) columns * layout.bits() * channels + 7) / 8);
        byte[] out = new byte[Math.multiplyExact(bytes, rows)];
        if (TiffFax.is(compression)) {
            DamagedImage.require(layout.bits() == 1 && channels == 1, "its fax data has more than one bit a pixel");
            TiffFax.unpack(compression, tags.value(TiffDirectory.FAX_OPTIONS, 0), in, offset, columns, out);
            return out;
        }
        TiffData.unpack(compression, in, out);
        long predictor = compression == TiffData.PACK_BITS ? 1 : tags.value(TiffDirectory.PREDICTOR, 1);
        DamagedImage.require(predictor >= 1 && predictor <= 3, "its predictor is unknown");
        for (int y = 0; y < rows && predictor > 1; y++) {
            if (predictor == 2) {
                TiffData.addUp(out, y * bytes, bytes, channels, layout.bits(), tags.isBigEndian());
            } else {
                DamagedImage.require(layout.bits() == 32, "its predictor is for floats");
                TiffData.addUpFloats(out, y * bytes, bytes, channels, layout.bits());
            }
        }
        return out;
    }

    private byte[] jpeg(byte[] in, int channels, StripSize size) throws IOException {
        DamagedImage.require(layout.bits() == 8, "its JPEG data has " + layout.bits() + " bits");
        byte[] tables = tags.bytes(TiffDirectory.JPEG_TABLES);
        byte[] whole = in;
        if (tables.length > 4 && in.length > 2) {
            // Without the tables' end and the strip's start.
            whole = Arrays.copyOf(tables, tables.length - 2 + in.length - 2);
            System.arraycopy(in, 2, whole, tables.length - 2, in.length - 2);
        }
        return jpeg.channels(whole, layout.photometric() == 6, channels, size);
    }

    private void place(byte[] block, int x, int y, int blockWidth, int plane, boolean single) {
        boolean turnedToRgb = compression == JPEG && layout.photometric() == 6 && layout.samples() == 3;
        int size = layout.bits() / 8;
        PixelLayout wide =
                PixelLayout.channels(Math.max(1, size), tags.isBigEndian() ? 0 : Math.max(0, size - 1), 0, 0);
        PixelLayout pixels = single ? wide : turnedToRgb ? PixelLayout.channels(3, 0, 1, 2) : layout.pixels();
        int bytes = pixels.bytes(blockWidth);
        int columns = Math.min(blockWidth, width - x);
        byte[] out = new byte[3 * columns];
        for (int r = 0; r < block.length / bytes && y + r < height; r++) {
            int to = 3 * ((y + r) * width + x);
            if (single && channels() == 1) {
                PixelLayout first = PixelLayout.grey(8, false);
                if (plane == 0) {
                    first.row(block, r * bytes, columns, rgb, to);
                }
            } else if (single) {
                pixels.row(block, r * bytes, columns, out, 0);
                merge(out, plane, to, columns);
            } else {
                pixels.row(block, r * bytes, columns, rgb, to);
            }
        }
    }

    /** Turns and mirrors the pixels; the picture already has the turned size. */
    private void turn(int orientation) {
        byte[] from = Arrays.copyOf(rgb, 3 * width * height);
        boolean swapped = orientation >= 5;
        int across = swapped ? height : width;
        int down = swapped ? width : height;
        for (int y = 0, o = 0; y < down; y++) {
            for (int x = 0; x < across; x++, o += 3) {
                int sourceX = swapped ? y : x;
                int sourceY = swapped ? x : y;
                boolean mirrored = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
                boolean upside = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
                sourceX = mirrored ? width - 1 - sourceX : sourceX;
                sourceY = upside ? height - 1 - sourceY : sourceY;
                System.arraycopy(from, 3 * (sourceY * width + sourceX), rgb, o, 3);
            }
        }
    }
}
