package org.simreg.worker.data.image;

import java.nio.ByteBuffer;

/**
 * The header of a JPEG file, up to the picture's data.
 *
 * @param width in pixels
 * @param height in pixels
 * @param components channels: 1, 3 or 4
 * @param luminance whether Adobe's marker says that four channels are luminance, chrominance and black
 * @param blocks of 8 x 8 samples in all channels, if they come in scans; else 0
 * @param visits how often the scans come to a block, all together
 * @param start of a shorter file in the same buffer, without the segments that carry no pixels
 */
record JpegHeader(int width, int height, int components, boolean luminance, long blocks, long visits, int start) {
    /**
     * Scans of a file, at most, as libjpeg-turbo's own programs for untrusted files bound them. Cameras and encoders
     * write one, or about ten if the picture is to appear by and by.
     */
    static final int MAX_SCANS = 500;

    /**
     * Blocks of 8 x 8 samples that the scans of a file visit, at most: some seconds of work. The largest picture within
     * Pillow's bound has 45 million in the ten usual scans.
     */
    static final long MAX_VISITS = 1L << 28;

    /** 64 coefficients of 16 bits. */
    private static final long BLOCK_BYTES = 128;

    private static final int START_OF_SCAN = 0xda;
    private static final int END = 0xd9;
    private static final int ADOBE = 0xee;
    private static final int COMMENT = 0xfe;

    /**
     * Reads the header as Pillow does, skipping junk between segments, and packs what a decoder needs right before the
     * picture's data.
     *
     * @param file the whole file, from 0 to its limit, with room for {@link FileBuffer#SPARE} bytes more
     * @throws ImageDecoder.UnreadableImage if Pillow refuses it, or if the scans are more work than allowed
     */
    static JpegHeader of(ByteBuffer file) throws ImageDecoder.UnreadableImage {
        return new Segments(file).header();
    }

    /** Bytes that a decoder holds outside the heap: the picture, and all coefficients if they come in scans. */
    long workspace() {
        return 3L * width * height + BLOCK_BYTES * blocks;
    }

    /**
     * The shorter file, ended with a marker in any case: without one OpenCV would leave rows out.
     *
     * @param file the same as before
     */
    ByteBuffer packed(ByteBuffer file) {
        int length = file.limit();
        file.limit(length + FileBuffer.SPARE).put(length, (byte) 0xff).put(length + 1, (byte) END);
        return file.slice(start, length + FileBuffer.SPARE - start);
    }

    /** The walk over a file's segments. */
    private static final class Segments {
        private final ByteBuffer file;
        private int at = 3;
        private int frame = -1;
        private boolean progressive;
        private int transform = -1;
        private boolean shortProfile;
        private boolean restarts;
        private boolean restartsOutOfPlace;

        /** Where the kept segments are, as starts and ends. */
        private final int[] kept = new int[2 * MAX_SEGMENTS];

        private int keptCount;
        private static final int MAX_SEGMENTS = 4096;

        Segments(ByteBuffer file) {
            this.file = file;
        }

        JpegHeader header() throws ImageDecoder.UnreadableImage {
            int marker = next();
            while (marker != START_OF_SCAN) {
                take(marker);
                marker = next();
            }
            if (frame < 0) {
                throw new ImageDecoder.UnreadableImage("its JPEG data has no frame header");
            }
            int scan = at - 2;
            int length = size();
            int components = file.get(frame + 9) & 0xff;
            int channels = file.get(at + 2) & 0xff;
            at += length;
            int width = big(frame + 7);
            int height = big(frame + 5);
            long blocks = 0;
            long visits = 0;
            if (progressive || channels < components) {
                for (int i = 0; i < components; i++) {
                    blocks += blocks(i);
                }
                visits = countScans(scan);
            } else {
                requireEnd(scan);
            }
            return new JpegHeader(width, height, components, transform > 0, blocks, visits, pack(scan));
        }

        /** The next marker, with {@link #at} behind it. */
        private int next() throws ImageDecoder.UnreadableImage {
            // A marker's first byte has been read before the first call only.
            int c = at == 3 ? 0xff : byteAt();
            while (true) {
                while (c != 0xff) {
                    c = byteAt();
                }
                while (c == 0xff) {
                    c = byteAt();
                }
                if (c >= 0xc0) {
                    return c;
                } else if (c != 0) {
                    throw new ImageDecoder.UnreadableImage("its JPEG markers are damaged at byte " + (at - 2));
                }
                c = byteAt();
            }
        }

        private int byteAt() {
            return file.get(at++) & 0xff;
        }

        /** The length of the segment at this place, which is whole. */
        private int size() throws ImageDecoder.UnreadableImage {
            int size = Math.max(2, big(at));
            if (at + size > file.limit()) {
                throw truncated();
            }
            return size;
        }

        private void take(int marker) throws ImageDecoder.UnreadableImage {
            int from = at - 2;
            boolean alone = marker == 0xc8 || marker >= 0xd0 && marker <= END || marker >= 0xf0 && marker < COMMENT;
            if (!alone) {
                int size = size();
                if (marker == 0xdb) {
                    requireTables(size);
                } else if (isFrame(marker)) {
                    frame(from, size);
                } else if (marker >= 0xe0 && marker < 0xf0) {
                    application(marker, size);
                } else if (marker == 0xdd && size >= 4) {
                    restarts = big(at + 2) > 0;
                }
                at += size;
            }
            boolean pixels = marker < 0xe0 || marker == 0xe0 || marker == ADOBE || alone;
            if (pixels) {
                if (keptCount == MAX_SEGMENTS) {
                    throw new ImageDecoder.UnreadableImage(
                            "its JPEG header has more than " + MAX_SEGMENTS + " segments");
                }
                kept[2 * keptCount] = from;
                kept[2 * keptCount++ + 1] = at;
            }
        }

        private static boolean isFrame(int marker) {
            return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xcc || marker == 0xde;
        }

        private void frame(int from, int size) throws ImageDecoder.UnreadableImage {
            int components = size < 8 ? 0 : file.get(from + 9) & 0xff;
            if (size < 8 || (size - 8) % 3 != 0) {
                throw new ImageDecoder.UnreadableImage("its JPEG frame header is damaged");
            }
            if (file.get(from + 4) != 8) {
                throw new ImageDecoder.UnreadableImage("its JPEG data has " + file.get(from + 4) + " bits a channel");
            }
            if (components != 1 && components != 3 && components != 4 || size < 8 + 3 * components) {
                throw new ImageDecoder.UnreadableImage("its JPEG data has " + components + " channels");
            }
            if (shortProfile) {
                throw new ImageDecoder.UnreadableImage("its colour profile is cut short");
            }
            int marker = file.get(from + 1) & 0xff;
            progressive = marker == 0xc2 || marker == 0xca;
            frame = from;
        }

        private void application(int marker, int size) throws ImageDecoder.UnreadableImage {
            boolean adobe = marker == ADOBE && starts(size, "Adobe");
            if ((adobe || marker == 0xe0 && starts(size, "JFIF")) && size < 9) {
                throw new ImageDecoder.UnreadableImage("its JPEG segment at byte " + (at - 2) + " is cut short");
            }
            if (adobe && size >= 14) {
                transform = file.get(at + 13) & 0xff;
            }
            shortProfile |= marker == 0xe2 && starts(size, "ICC_PROFILE\0") && size < 16;
        }

        private boolean starts(int size, String name) {
            if (size < 2 + name.length()) {
                return false;
            }
            for (int i = 0; i < name.length(); i++) {
                if (file.get(at + 2 + i) != name.charAt(i)) {
                    return false;
                }
            }
            return true;
        }

        private void requireTables(int size) throws ImageDecoder.UnreadableImage {
            int left = size - 2;
            for (int i = at + 2; left > 0; ) {
                int length = (file.get(i) & 0xf0) == 0 ? 65 : 129;
                if (left < length) {
                    throw new ImageDecoder.UnreadableImage("its JPEG quantization table is cut short");
                }
                i += length;
                left -= length;
            }
        }

        /** Walks over all scans; such a file is only whole with its end marker. */
        private long countScans(int first) throws ImageDecoder.UnreadableImage {
            int scans = 1;
            long visits = visits(first);
            while (true) {
                int marker = skipData();
                if (marker == END) {
                    return visits;
                }
                boolean alone = marker >= 0xd0 && marker <= 0xd8 || marker == 1;
                int from = at - 2;
                if (!alone) {
                    at += size();
                }
                if (marker == START_OF_SCAN) {
                    visits += visits(from);
                    scans++;
                }
                if (scans > MAX_SCANS || visits > MAX_VISITS) {
                    throw new ImageDecoder.UnreadableImage(
                            "its %d scans so far are more work than a picture may be (%d scans, %d blocks)"
                                    .formatted(scans, MAX_SCANS, MAX_VISITS));
                }
            }
        }

        /** The next marker that isn't part of a scan's data, with {@link #at} behind it. */
        private int skipData() {
            while (true) {
                int c = byteAt();
                while (c == 0xff) {
                    c = byteAt();
                    boolean restart = c >= 0xd0 && c <= 0xd7;
                    if (c != 0xff && c != 0 && !restart) {
                        return c;
                    }
                    restartsOutOfPlace |= restart && !restarts;
                }
            }
        }

        /** Blocks of a scan. */
        private long visits(int scan) {
            int count = file.get(frame + 9) & 0xff;
            int inScan = file.get(scan + 4) & 0xff;
            long blocks = 0;
            for (int j = 0; j < Math.min(4, inScan); j++) {
                for (int i = 0; i < count; i++) {
                    if (file.get(frame + 10 + 3 * i) == file.get(scan + 5 + 2 * j)) {
                        blocks += blocks(i);
                    }
                }
            }
            return blocks;
        }

        /** Blocks of a channel. */
        private long blocks(int component) {
            int across = 1;
            int down = 1;
            for (int i = 0; i < (file.get(frame + 9) & 0xff); i++) {
                across = Math.max(across, sampling(i) >> 4);
                down = Math.max(down, sampling(i) & 15);
            }
            long columns = (long) big(frame + 7) * Math.max(1, sampling(component) >> 4) / across;
            long rows = (long) big(frame + 5) * Math.max(1, sampling(component) & 15) / down;
            return (columns / 8 + 1) * (rows / 8 + 1);
        }

        private int sampling(int component) {
            return file.get(frame + 11 + 3 * component) & 0xff;
        }

        /**
         * Requires that the data of a single scan ends with a marker, behind which nothing is wrong up to the end marker; or
         * that it is whole without one. With one, what is missing is grey.
         */
        private void requireEnd(int scan) throws ImageDecoder.UnreadableImage {
            boolean ended = false;
            try {
                for (int marker = skipData(); marker != END; marker = skipData()) {
                    boolean table = marker == 0xc4 || marker >= 0xdb && marker <= 0xdd;
                    boolean known = table || marker >= 0xe0 && marker <= 0xef || marker == COMMENT || marker == 1;
                    if (marker == START_OF_SCAN && at + Math.max(3, big(at)) > file.limit()) {
                        // Pillow has all pixels before it comes to this; other decoders would stumble over it.
                        file.put(at - 1, (byte) END);
                        return;
                    }
                    if (!known) {
                        throw new ImageDecoder.UnreadableImage("its JPEG data is damaged at byte " + (at - 2));
                    }
                    ended = true;
                    at += marker == 1 ? 0 : Math.max(2, big(at));
                }
            } catch (IndexOutOfBoundsException e) {
                if (!ended && !restartsOutOfPlace && !isWhole(scan)) {
                    throw truncated();
                }
            }
        }

        private boolean isWhole(int scan) {
            JpegScan data = new JpegScan(file);
            for (int i = 0; i < keptCount; i++) {
                int marker = file.get(kept[2 * i] + 1) & 0xff;
                if (marker == 0xc4) {
                    data.tables(kept[2 * i] + 2);
                } else if (marker == 0xdd) {
                    data.interval(kept[2 * i] + 2);
                }
            }
            return (file.get(frame + 1) & 0xff) <= 0xc1 && data.isWhole(frame + 2, scan + 2);
        }

        private static ImageDecoder.UnreadableImage truncated() {
            return new ImageDecoder.UnreadableImage("the file is truncated");
        }

        /** Moves the needed segments right before the first scan; returns where they start. */
        private int pack(int scan) {
            int to = scan;
            for (int i = keptCount - 1; i >= 0; i--) {
                int length = kept[2 * i + 1] - kept[2 * i];
                to -= length;
                file.put(to, file, kept[2 * i], length);
            }
            file.put(to - 2, (byte) 0xff).put(to - 1, (byte) 0xd8);
            return to - 2;
        }

        private int big(int position) {
            return (file.get(position) & 0xff) << 8 | file.get(position + 1) & 0xff;
        }
    }
}
