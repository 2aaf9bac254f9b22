package org.simreg.worker.features.bankfile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;

/**
 * A writer of a bank's file, row after row, in memory for one block of rows. The file appears whole
 * or not at all.
 */
public final class BankWriter {
    private final int dimension;
    private final FileChannel channel;
    private final double[] sums;
    private final ByteBuffer block;
    private int size;
    private long lastId = Long.MIN_VALUE;

    /** A source that adds all rows of a bank to its writer. */
    @FunctionalInterface
    public interface Filling {
        /** Calls {@link BankWriter#add} as often as it likes. */
        void into(BankWriter bank) throws IOException;
    }

    private BankWriter(int dimension, FileChannel channel) {
        this.dimension = dimension;
        this.channel = channel;
        sums = new double[dimension];
        block = ByteBuffer.allocateDirect(BankLayout.blockBytes(dimension)).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Writes a bank.
     *
     * @param dimension D, 1 to 65536
     * @param origin what made the features
     * @return rows written
     * @throws UserError if the file can't be written, or the filling threw it, or it added nothing;
     *     an older file is then still there
     */
    public static int write(Path file, int dimension, BankOrigin origin, Filling filling) {
        if (dimension < 1 || dimension > BankLayout.MAX_DIMENSION) {
            throw new UserError("Can't write the feature bank %s with %d features a row; 1 to %d can be kept"
                    .formatted(file, dimension, BankLayout.MAX_DIMENSION));
        }
        int[] written = new int[1];
        AtomicFile.write(file, channel -> {
            channel.position(BankLayout.headBytes(dimension, origin));
            BankWriter bank = new BankWriter(dimension, channel);
            filling.into(bank);
            if (bank.size == 0) {
                throw new UserError(
                        "Can't write the feature bank %s: it would have no rows; give at least one".formatted(file));
            }
            written[0] = bank.finish(origin);
        });
        return written[0];
    }

    /**
     * Adds rows, scaled to unit length in float64 and rounded to float32.
     *
     * @param ids (n), ascending, greater than all before
     * @param labels (n) classes, or -1
     * @param rows (n, D) row-major, of any length above zero
     * @throws UserError if a row has length zero or a NaN or an infinity, or ids don't ascend; the
     *     message names the id
     * @throws IllegalArgumentException if the sizes disagree
     */
    public void add(long[] ids, int[] labels, float[] rows) throws IOException {
        if (labels.length != ids.length || rows.length != (long) ids.length * dimension) {
            throw new IllegalArgumentException(
                    "%d features, %d ids and %d labels are not rows of %d features with an id and a label each"
                            .formatted(rows.length, ids.length, labels.length, dimension));
        }
        for (int i = 0; i < ids.length; i++) {
            append(ids[i], labels[i], rows, i * dimension);
        }
    }

    private void append(long id, int label, float[] rows, int from) throws IOException {
        if (id <= lastId && size > 0) {
            throw new UserError(
                    "Can't add row %d to a feature bank: its id %d is not greater than the %d before; sort the rows by id, each once"
                            .formatted(size, id, lastId));
        }
        double length = RowSource.length(rows, from, dimension);
        if (!RowSource.hasDirection(length)) {
            throw new UserError(
                    "Can't add the features of id %d to a feature bank: their length is %s, so they have no direction; leave the row out"
                            .formatted(id, length));
        }
        if (size == Integer.MAX_VALUE - BankLayout.BLOCK) {
            throw new UserError("A feature bank holds at most %d rows; shard it".formatted(size));
        }
        int slot = size % BankLayout.BLOCK;
        block.putLong(slot * Long.BYTES, id);
        block.putInt(BankLayout.BLOCK * Long.BYTES + slot * Integer.BYTES, label);
        int at = BankLayout.BLOCK * (Long.BYTES + Integer.BYTES) + slot * dimension * Float.BYTES;
        for (int d = 0; d < dimension; d++) {
            float value = (float) (rows[from + d] / length);
            sums[d] += value;
            block.putFloat(at + d * Float.BYTES, value);
        }
        lastId = id;
        size++;
        if (slot == BankLayout.BLOCK - 1) {
            flush();
        }
    }

    private void flush() throws IOException {
        block.clear();
        BankLayout.seal(block);
        put(block);
        block.clear();
        while (block.hasRemaining()) {
            block.put((byte) 0);
        }
    }

    private int finish(BankOrigin origin) throws IOException {
        if (size % BankLayout.BLOCK != 0) {
            flush();
        }
        double[] center = new double[dimension];
        for (int d = 0; d < dimension; d++) {
            center[d] = sums[d] / size;
        }
        channel.position(0);
        put(new BankLayout(dimension, size, origin, center).head());
        return size;
    }

    private void put(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
