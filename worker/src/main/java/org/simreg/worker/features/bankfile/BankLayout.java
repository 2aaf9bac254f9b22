package org.simreg.worker.features.bankfile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The layout of a bank's file, little-endian: a head, then blocks of {@value #BLOCK} rows.
 *
 * <p>Head, padded with zeros to a multiple of {@value #PAGE}: magic, version, D, N (8 bytes), bytes
 * of weights and view (4 each), both texts, the center (D float64: the mean of all rows). A block:
 * ids (8 bytes a row), labels (4 bytes), rows (D float32), four zeros. The last four bytes of the
 * head and of a block are CRC32C of what is before. The last block has its full size, unused rows
 * are zero.
 *
 * @param dimension D
 * @param size N
 * @param origin what made the features
 * @param center (D) mean of the rows; whatever it is, answers are the same, only slower
 */
public record BankLayout(int dimension, int size, BankOrigin origin, double[] center) {
    /** Rows of a block. */
    public static final int BLOCK = 1024;

    static final int MAX_DIMENSION = 1 << 16;
    static final int PAGE = 4096;

    private static final byte[] MAGIC = "SIMREGFB".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int FIXED = MAGIC.length + 24;

    /** Bytes of a block. */
    static int blockBytes(int dimension) {
        return BLOCK * (Long.BYTES + Integer.BYTES + Float.BYTES * dimension) + 8;
    }

    /** Bytes of the head. */
    static int headBytes(int dimension, BankOrigin origin) {
        int used = FIXED
                + bytes(origin.weights()).length
                + bytes(origin.view()).length
                + Double.BYTES * dimension
                + Integer.BYTES;
        return (used + PAGE - 1) / PAGE * PAGE;
    }

    int blocks() {
        return (int) (((long) size + BLOCK - 1) / BLOCK);
    }

    int headBytes() {
        return headBytes(dimension, origin);
    }

    long fileBytes() {
        return headBytes() + (long) blocks() * blockBytes(dimension);
    }

    ByteBuffer head() {
        ByteBuffer head = ByteBuffer.allocate(headBytes()).order(ByteOrder.LITTLE_ENDIAN);
        byte[] weights = bytes(origin.weights());
        byte[] view = bytes(origin.view());
        head.put(MAGIC).putInt(VERSION).putInt(dimension).putLong(size);
        head.putInt(weights.length).putInt(view.length).put(weights).put(view);
        for (double value : center) {
            head.putDouble(value);
        }
        seal(head);
        return head.rewind();
    }

    /**
     * Reads the head of a file.
     *
     * @param start the file from its begin, at least its head
     * @throws IOException if it isn't the head of a bank, with the reason
     */
    static BankLayout read(ByteBuffer start) throws IOException {
        ByteBuffer head = start.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        byte[] magic = new byte[MAGIC.length];
        require(head.remaining() >= FIXED, "it is too short for a feature bank");
        head.get(magic);
        require(Arrays.equals(magic, MAGIC), "it is no feature bank");
        int version = head.getInt();
        require(version == VERSION, "it has version " + version + ", this program reads 1");
        int dimension = head.getInt();
        long size = head.getLong();
        int weights = head.getInt();
        int view = head.getInt();
        boolean sane = dimension >= 1
                && dimension <= MAX_DIMENSION
                && size >= 1
                && size <= Integer.MAX_VALUE - BLOCK
                && Math.min(weights, view) >= 0
                && Math.max(weights, view) <= BankOrigin.MAX_BYTES;
        int end = sane ? FIXED + weights + view + Double.BYTES * dimension : 0;
        int padded = (end + Integer.BYTES + PAGE - 1) / PAGE * PAGE;
        require(sane && head.limit() >= padded, "its head is damaged");
        require(sealed(start.slice(0, padded)), "its head fails its checksum");
        BankOrigin origin = new BankOrigin(text(head, weights), text(head, view));
        double[] center = new double[dimension];
        head.asDoubleBuffer().get(center);
        return new BankLayout(dimension, (int) size, origin, center);
    }

    /** Puts the checksum of a head or block into its last four bytes. */
    static void seal(ByteBuffer bytes) {
        int end = bytes.capacity() - Integer.BYTES;
        bytes.putInt(end, crc(bytes.slice(0, end)));
    }

    /** Whether a head or block has its checksum. */
    static boolean sealed(ByteBuffer bytes) {
        int end = bytes.capacity() - Integer.BYTES;
        ByteBuffer ordered = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        return ordered.getInt(end) == crc(bytes.slice(0, end));
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static void require(boolean fine, String reason) throws IOException {
        if (!fine) {
            throw new IOException(reason);
        }
    }

    private static String text(ByteBuffer from, int length) {
        byte[] bytes = new byte[length];
        from.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
