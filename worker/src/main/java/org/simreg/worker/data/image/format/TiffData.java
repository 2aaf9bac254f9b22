package org.simreg.worker.data.image.format;

import io.airlift.compress.MalformedInputException;
import io.airlift.compress.zstd.ZstdInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.tukaani.xz.XZInputStream;

/** The unpacking of a TIFF file's strips and tiles, as libtiff does it: what is left over is dropped, what is missing is an error. */
final class TiffData {
    static final int RAW = 1;
    static final int LZW = 5;
    static final int DEFLATE = 8;
    static final int OLD_DEFLATE = 32946;
    static final int PACK_BITS = 32773;
    static final int ZSTD = 50000;
    static final int LZMA = 34925;

    /** Memory that a file may ask for; libtiff's usual setting takes 9 MiB. */
    private static final int LZMA_KIBIBYTES = 16 << 10;

    private static final int CLEAR = 256;
    private static final int END = 257;
    private static final int CODES = 1 << 12;

    private TiffData() {}

    /**
     * Unpacks a strip or a tile.
     *
     * @param compression one of the numbers above, but not {@link #RAW}
     * @param in its bytes
     * @param out is filled
     */
    static void unpack(int compression, byte[] in, byte[] out) throws DamagedImage {
        switch (compression) {
            case LZW -> lzw(in, out);
            case DEFLATE, OLD_DEFLATE -> inflate(in, out);
            case PACK_BITS -> packBits(in, out);
            case ZSTD -> zstd(in, out);
            case LZMA -> lzma(in, out);
            default ->
                throw new DamagedImage("its data is packed by %s, which isn't read".formatted(name(compression)));
        }
    }

    private static String name(int compression) {
        return switch (compression) {
            case 6 -> "an old kind of JPEG";
            case 34661 -> "JBIG";
            case 34712 -> "JPEG 2000";
            case 34887, 34888 -> "LERC";
            case 50001 -> "WebP";
            default -> "a method with the number " + compression;
        };
    }

    private static void zstd(byte[] in, byte[] out) throws DamagedImage {
        try (ZstdInputStream stream = new ZstdInputStream(new ByteArrayInputStream(in))) {
            if (stream.readNBytes(out, 0, out.length) < out.length) {
                throw DamagedImage.truncated();
            }
        } catch (MalformedInputException | IOException e) {
            throw e instanceof DamagedImage known ? known : new DamagedImage("its data is damaged: " + e.getMessage());
        }
    }

    private static void lzma(byte[] in, byte[] out) throws DamagedImage {
        try (XZInputStream stream = new XZInputStream(new ByteArrayInputStream(in), LZMA_KIBIBYTES)) {
            if (stream.readNBytes(out, 0, out.length) < out.length) {
                throw DamagedImage.truncated();
            }
        } catch (IOException e) {
            throw e instanceof DamagedImage known ? known : new DamagedImage("its data is damaged: " + e.getMessage());
        }
    }

    /** Turns the bits of each byte around. */
    static void reverse(byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (Integer.reverse(bytes[i]) >>> 24);
        }
    }

    private static void inflate(byte[] in, byte[] out) throws DamagedImage {
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(in);
            for (int have = 0; have < out.length; ) {
                int got = inflater.inflate(out, have, out.length - have);
                if (got == 0) {
                    throw DamagedImage.truncated();
                }
                have += got;
            }
        } catch (DataFormatException e) {
            throw new DamagedImage("its data is damaged: " + e.getMessage());
        } finally {
            inflater.end();
        }
    }

    private static void packBits(byte[] in, byte[] out) throws DamagedImage {
        int have = 0;
        for (int at = 0; have < out.length; ) {
            int n = next(in, at++);
            if (n >= 128) {
                n -= 256;
            }
            if (n == -128) {
                continue;
            }
            int run = Math.min(n < 0 ? 1 - n : n + 1, out.length - have);
            for (int i = 0; i < run; i++) {
                out[have++] = (byte) next(in, n < 0 ? at : at++);
            }
            at += n < 0 ? 1 : 0;
        }
    }

    private static int next(byte[] in, int at) throws DamagedImage {
        if (at >= in.length) {
            throw DamagedImage.truncated();
        }
        return in[at] & 0xff;
    }

    /** Codes with the upper bits first, which grow one code early. */
    private static void lzw(byte[] in, byte[] out) throws DamagedImage {
        short[] prefix = new short[CODES];
        byte[] last = new byte[CODES];
        short[] length = new short[CODES];
        for (int i = 0; i < CLEAR; i++) {
            last[i] = (byte) i;
            length[i] = 1;
        }
        int width = 9;
        int next = END + 1;
        int previous = -1;
        int bits = 0;
        int count = 0;
        for (int have = 0, at = 0; have < out.length; ) {
            while (count < width) {
                bits = bits << 8 | next(in, at++);
                count += 8;
            }
            count -= width;
            int code = bits >>> count & (1 << width) - 1;
            if (code == END) {
                throw DamagedImage.truncated();
            } else if (code == CLEAR) {
                width = 9;
                next = END + 1;
                previous = -1;
                continue;
            }
            DamagedImage.require(previous < 0 ? code < CLEAR : code <= next && code < CODES, "its codes are damaged");
            if (previous >= 0) {
                DamagedImage.require(next < CODES, "its codes are damaged");
                prefix[next] = (short) previous;
                length[next] = (short) (length[previous] + 1);
                last[next] = first(code == next ? previous : code, prefix, last, length);
                next++;
                if (next == (1 << width) - 1 && width < 12) {
                    width++;
                }
            }
            have = write(code, prefix, last, length, out, have);
            previous = code;
        }
    }

    private static byte first(int code, short[] prefix, byte[] last, short[] length) {
        int c = code;
        while (length[c] > 1) {
            c = prefix[c];
        }
        return last[c];
    }

    private static int write(int code, short[] prefix, byte[] last, short[] length, byte[] out, int have) {
        int c = code;
        for (int i = have + length[code] - 1; i >= have; i--, c = prefix[c]) {
            if (i < out.length) {
                out[i] = last[c];
            }
        }
        return have + length[code];
    }

    /**
     * Adds up the differences in a row.
     *
     * @param row from a place on
     * @param from where it starts
     * @param bytes its length
     * @param channels samples of a pixel
     * @param bits of a sample: 8, 16 or 32
     */
    static void addUp(byte[] row, int from, int bytes, int channels, int bits, boolean bigEndian) throws DamagedImage {
        int size = bits / 8;
        DamagedImage.require(bits == 8 || bits == 16 || bits == 32, "its differences have " + bits + " bits");
        for (int i = from + channels * size; i + size <= from + bytes; i += size) {
            int carry = 0;
            for (int b = 0; b < size; b++) {
                int at = i + (bigEndian ? size - 1 - b : b);
                carry += (row[at] & 0xff) + (row[at - channels * size] & 0xff);
                row[at] = (byte) carry;
                carry >>= 8;
            }
        }
    }

    /** Adds up the differences in a row of floats, whose bytes are sorted by their weight; the result is little-endian. */
    static void addUpFloats(byte[] row, int from, int bytes, int channels, int bits) {
        for (int i = from + channels; i < from + bytes; i++) {
            row[i] += row[i - channels];
        }
        byte[] sorted = new byte[bytes];
        int size = bits / 8;
        int count = bytes / size;
        for (int i = 0; i < count; i++) {
            for (int b = 0; b < size; b++) {
                sorted[size * i + b] = row[from + (size - 1 - b) * count + i];
            }
        }
        System.arraycopy(sorted, 0, row, from, bytes);
    }
}
