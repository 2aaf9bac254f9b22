package org.simreg.worker.data.dataset.parquet;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Numbers of a few bits in Parquet's mixture of runs and packed groups of eight: levels and dictionary indexes. */
final class BitPacked {
    private static final int GROUP = 8;

    private BitPacked() {}

    /**
     * Reads numbers.
     *
     * @param in read from its position on
     * @param width bits of a number, 0 to 32
     * @param count how many
     */
    static int[] read(ByteBuffer in, int width, int count) throws IOException {
        int[] values = new int[count];
        if (width < 0 || width > 32) {
            throw new IOException("a page has numbers of %d bits".formatted(width));
        }
        if (width == 0) {
            return values;
        }
        int at = 0;
        while (at < count) {
            int head = number(in);
            int run = head >>> 1;
            if ((head & 1) == 0) {
                int value = 0;
                for (int i = 0; i < (width + 7) / GROUP; i++) {
                    value |= (in.get() & 0xFF) << GROUP * i;
                }
                int end = (int) Math.min(count, (long) at + run);
                if (end == at) {
                    throw new IOException("a page has an empty run");
                }
                while (at < end) {
                    values[at++] = value;
                }
            } else {
                at = packed(in, width, (long) run * GROUP, values, at);
            }
        }
        return values;
    }

    private static int packed(ByteBuffer in, int width, long numbers, int[] values, int from) {
        long bits = 0;
        int held = 0;
        int at = from;
        for (long i = 0; i < numbers; i++) {
            while (held < width && in.hasRemaining()) {
                bits |= (in.get() & 0xFFL) << held;
                held += GROUP;
            }
            if (at < values.length) {
                values[at++] = (int) (bits & (1L << width) - 1);
            }
            bits >>>= width;
            held -= width;
        }
        return at;
    }

    private static int number(ByteBuffer in) {
        int value = 0;
        for (int shift = 0; shift < 32; shift += 7) {
            int one = in.get();
            value |= (one & 0x7F) << shift;
            if (one >= 0) {
                return value;
            }
        }
        return value;
    }
}
