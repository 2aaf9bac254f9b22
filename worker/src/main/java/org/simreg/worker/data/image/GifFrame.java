package org.simreg.worker.data.image;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** The first frame of a GIF file, over white: GIF89a, with its Lempel-Ziv-Welch codes. */
final class GifFrame {
    private static final int MAX_CODES = 4096;
    private static final int[] PASS_START = {0, 4, 2, 1};
    private static final int[] PASS_STEP = {8, 8, 4, 2};

    private final ByteBuffer file;
    private final RgbImage canvas;
    private int at;
    private int palette = -1;
    private int transparent = -1;

    private GifFrame(ByteBuffer file, RgbImage canvas) {
        this.file = file;
        this.canvas = canvas;
    }

    /**
     * @param file the whole file, little-endian
     * @param header its header
     * @param canvas takes the picture; what the frame doesn't cover is white
     */
    static void decode(ByteBuffer file, ImageHeader header, RgbImage canvas) throws ImageDecoder.UnreadableImage {
        canvas.resize(header.width(), header.height());
        Arrays.fill(canvas.rgb, (byte) 0xff);
        try {
            new GifFrame(file, canvas).read();
        } catch (IndexOutOfBoundsException e) {
            throw new ImageDecoder.UnreadableImage("the file is truncated");
        }
    }

    private void read() throws ImageDecoder.UnreadableImage {
        int flags = file.get(10);
        at = 13;
        if ((flags & 0x80) != 0) {
            palette = at;
            at += 3 << (flags & 7) + 1;
        }
        while (true) {
            switch (next()) {
                case 0x21 -> extension();
                case 0x2c -> {
                    frame();
                    return;
                }
                default -> throw new ImageDecoder.UnreadableImage("its GIF data holds no frame");
            }
        }
    }

    private void extension() {
        boolean control = next() == 0xf9;
        if (control && (file.get(at + 1) & 1) != 0) {
            transparent = file.get(at + 4) & 0xff;
        }
        for (int block = next(); block != 0; block = next()) {
            at += block;
        }
    }

    private void frame() throws ImageDecoder.UnreadableImage {
        int left = file.getShort(at) & 0xffff;
        int top = file.getShort(at + 2) & 0xffff;
        int width = file.getShort(at + 4) & 0xffff;
        int height = file.getShort(at + 6) & 0xffff;
        int flags = file.get(at + 8);
        at += 9;
        if ((flags & 0x80) != 0) {
            palette = at;
            at += 3 << (flags & 7) + 1;
        }
        if (palette < 0) {
            throw new ImageDecoder.UnreadableImage("its GIF data has no palette");
        }
        if (left + width > canvas.width || top + height > canvas.height) {
            throw new ImageDecoder.UnreadableImage("its GIF frame is larger than its canvas");
        }
        byte[] indices = unpack(width * height);
        boolean interlaced = (flags & 0x40) != 0;
        int row = 0;
        for (int pass = interlaced ? 0 : 3; pass < 4; pass++) {
            int step = interlaced ? PASS_STEP[pass] : 1;
            for (int y = interlaced ? PASS_START[pass] : 0; y < height; y += step, row++) {
                paint(indices, row * width, width, 3 * ((top + y) * canvas.width + left));
            }
        }
    }

    private void paint(byte[] indices, int from, int width, int to) {
        for (int x = 0; x < width; x++) {
            int index = indices[from + x] & 0xff;
            if (index != transparent) {
                file.get(palette + 3 * index, canvas.rgb, to + 3 * x, 3);
            }
        }
    }

    private byte[] unpack(int pixels) throws ImageDecoder.UnreadableImage {
        int codeBits = next();
        if (codeBits < 1 || codeBits > 8) {
            throw new ImageDecoder.UnreadableImage("its GIF codes start with " + codeBits + " bits");
        }
        Codes codes = new Codes(codeBits, pixels);
        int bits = 0;
        int have = 0;
        int block = 0;
        while (!codes.done()) {
            while (have < codes.bits) {
                if (block == 0) {
                    block = next();
                    if (block == 0) {
                        throw new ImageDecoder.UnreadableImage("the file is truncated");
                    }
                }
                bits |= next() << have;
                have += 8;
                block--;
            }
            int code = bits & (1 << codes.bits) - 1;
            bits >>>= codes.bits;
            have -= codes.bits;
            codes.accept(code);
        }
        return codes.out;
    }

    private int next() {
        return file.get(at++) & 0xff;
    }

    /** The growing table of Lempel-Ziv-Welch codes: each is an earlier code and one more index. */
    private static final class Codes {
        final byte[] out;
        int bits;
        private final int startBits;
        private final short[] prefix = new short[MAX_CODES];
        private final byte[] last = new byte[MAX_CODES];
        private final int[] length = new int[MAX_CODES];
        private int known;
        private int previous;
        private int written;

        Codes(int indexBits, int pixels) {
            out = new byte[pixels];
            startBits = indexBits + 1;
            for (int i = 0; i < 1 << indexBits; i++) {
                last[i] = (byte) i;
                length[i] = 1;
            }
            clear();
        }

        boolean done() {
            return written == out.length;
        }

        private void clear() {
            bits = startBits;
            known = (1 << startBits - 1) + 2;
            previous = -1;
        }

        void accept(int code) throws ImageDecoder.UnreadableImage {
            int clear = 1 << startBits - 1;
            if (code == clear) {
                clear();
            } else if (code == clear + 1) {
                throw new ImageDecoder.UnreadableImage("the file is truncated");
            } else {
                learn(code);
                write(code);
                previous = code;
            }
        }

        private void learn(int code) throws ImageDecoder.UnreadableImage {
            boolean unknown = previous < 0 ? code >= known : code > known;
            if (unknown || code == known && known == MAX_CODES) {
                throw new ImageDecoder.UnreadableImage("its GIF codes are damaged");
            }
            if (previous < 0 || known == MAX_CODES) {
                return;
            }
            prefix[known] = (short) previous;
            length[known] = length[previous] + 1;
            last[known] = first(code == known ? previous : code);
            known++;
            if (known == 1 << bits && bits < 12) {
                bits++;
            }
        }

        private byte first(int code) {
            int c = code;
            while (length[c] > 1) {
                c = prefix[c];
            }
            return last[c];
        }

        private void write(int code) {
            int c = code;
            int end = written + length[code];
            for (int i = end - 1; i >= written; i--, c = prefix[c]) {
                if (i < out.length) {
                    out[i] = last[c];
                }
            }
            written = Math.min(end, out.length);
        }
    }
}
