package org.simreg.worker.features.table;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Sha256;

/**
 * The log of the rows that a table is going to have, appended as they are computed, so that a process that was killed
 * is gone on with: SHA-256 of what decides the features (32 bytes), D (4 bytes; 0 before the first row), then records of
 * an id (4 bytes), D float32 and CRC32C (4 bytes), little-endian, with ids ascending. What follows a torn record doesn't
 * count. One owner.
 */
public final class RowLog implements AutoCloseable {
    private static final int DIGEST = 32;
    private static final int HEAD = DIGEST + Integer.BYTES;

    private final Path file;
    private final FileChannel channel;
    private final ByteBuffer head;
    private int dimension;
    private boolean replaced;
    private int[] ids = new int[1024];
    private int size;

    private RowLog(Path file, FileChannel channel, String key) {
        this.file = file;
        this.channel = channel;
        head = ByteBuffer.allocate(HEAD).order(ByteOrder.LITTLE_ENDIAN);
        head.put(HexFormat.of().parseHex(Sha256.of(key)));
    }

    /**
     * Opens the log of a folder, with the rows that are there of the same key, or begins it anew.
     *
     * @param key all that decides the features
     * @param batch rows are computed in batches of so many ids: those of a batch that isn't whole are computed again, so
     *     that all rows have the bits of a run that was not stopped
     * @throws UserError if it can't be read or written
     */
    public static RowLog open(Path file, String key, int batch) {
        return Disk.read(file, () -> {
            Files.createDirectories(file.toAbsolutePath().getParent());
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            RowLog log = new RowLog(file, channel, key);
            ByteBuffer found = ByteBuffer.allocate(HEAD).order(ByteOrder.LITTLE_ENDIAN);
            boolean whole = log.read(found, 0);
            if (whole && Arrays.equals(found.array(), 0, DIGEST, log.head.array(), 0, DIGEST)) {
                log.width(found.getInt(DIGEST));
                log.recover(batch);
            } else {
                log.replaced = channel.size() > 0;
                channel.truncate(0);
                log.width(0);
            }
            channel.truncate(log.place(log.size));
            channel.position(log.place(log.size));
            return log;
        });
    }

    private void width(int numbers) throws IOException {
        dimension = numbers;
        head.putInt(DIGEST, numbers).clear();
        channel.write(head, 0);
    }

    /** Whether rows of another key were there, which are dropped. */
    public boolean replaced() {
        return replaced;
    }

    private int recordBytes() {
        return 2 * Integer.BYTES + Float.BYTES * dimension;
    }

    private long place(int row) {
        return HEAD + (long) row * recordBytes();
    }

    private boolean read(ByteBuffer into, long at) throws IOException {
        while (into.hasRemaining()) {
            if (channel.read(into, at + into.position()) < 0) {
                return false;
            }
        }
        into.flip();
        return true;
    }

    private void recover(int batch) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(recordBytes()).order(ByteOrder.LITTLE_ENDIAN);
        while (dimension > 0 && read(record.clear(), place(size)) && sealed(record) && follows(record.getInt(0))) {
            note(record.getInt(0));
        }
        // A row of the last batch may still lack others of its batch.
        int whole = size == 0 ? 0 : ids[size - 1] / batch * batch;
        while (size > 0 && ids[size - 1] >= whole) {
            size--;
        }
    }

    private static boolean sealed(ByteBuffer record) {
        return record.getInt(record.limit() - Integer.BYTES) == crc(record);
    }

    private boolean follows(int id) {
        return id >= 0 && (size == 0 || id > ids[size - 1]);
    }

    private static int crc(ByteBuffer record) {
        CRC32C crc = new CRC32C();
        crc.update(record.array(), 0, record.limit() - Integer.BYTES);
        return (int) crc.getValue();
    }

    private void note(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
        }
        ids[size++] = id;
    }

    /** Numbers of a row; 0 before the first. */
    public int dimension() {
        return dimension;
    }

    /** Rows in it. */
    public int size() {
        return size;
    }

    /** The id of a row. */
    public int id(int row) {
        return ids[row];
    }

    /**
     * Appends rows, handed to the operating system before this returns.
     *
     * @param values (n, D) row-major
     * @param some (n) ids, each above those before
     * @throws UserError if they can't be written
     */
    public void append(float[] values, int[] some) {
        if (dimension == 0) {
            Disk.write(file, () -> {
                width(values.length / some.length);
                channel.position(HEAD);
            });
        }
        ByteBuffer all = ByteBuffer.allocate(some.length * recordBytes()).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer record = ByteBuffer.allocate(recordBytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < some.length; i++) {
            record.clear();
            record.putInt(some[i]);
            for (int d = 0; d < dimension; d++) {
                record.putFloat(values[i * dimension + d]);
            }
            record.putInt(crc(record));
            all.put(record.flip());
            note(some[i]);
        }
        all.flip();
        Disk.write(file, () -> {
            while (all.hasRemaining()) {
                channel.write(all);
            }
        });
    }

    /**
     * Copies the numbers of a row.
     *
     * @throws UserError if they can't be read, or are damaged
     */
    public void copy(int row, float[] into) {
        Disk.read(file, () -> {
            ByteBuffer record = ByteBuffer.allocate(recordBytes()).order(ByteOrder.LITTLE_ENDIAN);
            if (!read(record, place(row))) {
                throw new EOFException("it ends before row " + row);
            }
            if (!sealed(record)) {
                throw new IOException("row %d is damaged; delete the file and begin anew".formatted(row));
            }
            record.position(Integer.BYTES);
            record.asFloatBuffer().get(into, 0, dimension);
            return into;
        });
    }

    /** Closes and deletes it: its table is written. */
    public void delete() {
        close();
        Disk.write(file, () -> Files.deleteIfExists(file));
    }

    @Override
    public void close() {
        Disk.read(file, () -> {
            channel.close();
            return file;
        });
    }
}
