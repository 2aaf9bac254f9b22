package org.simreg.worker.train.featurestore;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of one teacher's features of the views of a data set. Rows are read through a memory
 * mapping and written by plain writes: a full disk is then an exception, not a fault of the
 * process, and machines that share the file don't write back each other's neighbouring rows. Needs
 * no locks between processes, since all write the same bytes and a half-written row fails its
 * check. Safe for all threads of this one.
 */
public final class FeatureStore implements AutoCloseable {
    /** The state of a row in the file. */
    public enum Row {
        /** Never written. */
        ABSENT,
        /** Written, but it fails its check: half written, or damaged. */
        DAMAGED,
        /** Written and whole. */
        PRESENT
    }

    private static final Logger LOG = LoggerFactory.getLogger(FeatureStore.class);

    private final Path file;
    private final StoreHeader header;
    private final RandomAccessFile open;
    private final MappedRows rows;
    private final byte[] buffer;
    private boolean closed;

    private FeatureStore(Path file, boolean writable) throws IOException {
        this.file = file;
        UserFile.requireRegular(file);
        // Not a channel: an interrupted thread closes the channel that it writes to.
        open = new RandomAccessFile(file.toFile(), writable ? "rw" : "r");
        try {
            header = StoreHeader.read(open, file);
            rows = new MappedRows(open.getChannel(), header.shape());
        } catch (IOException | RuntimeException e) {
            open.close();
            throw e;
        }
        buffer = new byte[header.shape().rowBytes()];
    }

    /**
     * Opens a store for reading and writing; makes it, and folders on the way, if it isn't there.
     *
     * @param shape that is asked for; the store may have more views
     * @throws UserError if it holds other features than those asked for, is no store, or can't be
     *     made
     */
    public static FeatureStore open(Path file, StoreHeader.Shape shape, StoreHeader.Key key) {
        StoreHeader asked = new StoreHeader(shape, key);
        try {
            if (Files.isSymbolicLink(file)) {
                throw new UserError(
                        "%s is a symbolic link, and no features are written through one; remove it".formatted(file));
            }
            if (!Files.exists(file)) {
                make(file, asked);
            }
            FeatureStore store = new FeatureStore(file, true);
            try {
                store.header.requireFor(asked, file);
                return store;
            } catch (RuntimeException e) {
                store.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UserError(
                    "Features can't be kept in %s (%s); choose a folder that is writable with --cache-store"
                            .formatted(file, Disk.reason(e)),
                    e);
        }
    }

    /** Opens whatever store there is, for reading. */
    static FeatureStore read(Path file) throws IOException {
        return new FeatureStore(file, false);
    }

    /** Makes a file under its name once its header is there; of several at once one wins. */
    private static void make(Path file, StoreHeader header) throws IOException {
        Path folder = Files.createDirectories(file.toAbsolutePath().getParent());
        long pid = ProcessHandle.current().pid();
        String name = ".%s.%x.%x.tmp".formatted(file.getFileName(), pid, System.nanoTime());
        Path draft = folder.resolve(name);
        try {
            try (RandomAccessFile made = new RandomAccessFile(draft.toFile(), "rw")) {
                made.write(header.bytes());
                made.setLength(header.shape().bytes());
            }
            publish(draft, file);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    private static void publish(Path draft, Path file) throws IOException {
        try {
            Files.createLink(file, draft);
        } catch (FileAlreadyExistsException e) {
            LOG.debug("{} was made by another process meanwhile", file);
        } catch (UnsupportedOperationException | FileSystemException e) {
            // Without links the last one wins; what the others write is lost with their files.
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Row width, format, samples and views. */
    public StoreHeader.Shape shape() {
        return header.shape();
    }

    /** All that decides the features besides sample and view. */
    StoreHeader.Key key() {
        return header.key();
    }

    /** Whether a row seems to be there; one that is damaged may. */
    public synchronized boolean has(int view, int sample) {
        requireOpen();
        return rows.begins(shape().row(view, sample));
    }

    /**
     * Reads a row.
     *
     * @param into takes {@code width} values from {@code at} on
     * @return false if it isn't there or damaged; nothing is read then
     */
    public synchronized boolean read(int view, int sample, float[] into, int at) {
        if (check(view, sample) != Row.PRESENT) {
            return false;
        }
        ByteBuffer row = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
        shape().format().get(row.position(Integer.BYTES), into, at, shape().width());
        return true;
    }

    /** Whether a row holds; leaves it in the buffer. */
    public synchronized Row check(int view, int sample) {
        requireOpen();
        long row = shape().row(view, sample);
        if (!rows.begins(row)) {
            return Row.ABSENT;
        }
        rows.get(row, buffer);
        int written = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN).getInt();
        return written == sum(row) ? Row.PRESENT : Row.DAMAGED;
    }

    /**
     * Writes a row.
     *
     * @param from holds {@code width} values from {@code at} on
     * @throws IOException if the disk is full, or fails; the row is then a miss
     */
    public synchronized void write(int view, int sample, float[] from, int at) throws IOException {
        requireOpen();
        long row = shape().row(view, sample);
        Arrays.fill(buffer, (byte) 0);
        ByteBuffer values = ByteBuffer.wrap(buffer).order(ByteOrder.LITTLE_ENDIAN);
        shape().format().put(from, at, shape().width(), values.position(Integer.BYTES));
        values.putInt(0, sum(row));
        open.seek(StoreHeader.BYTES + row * buffer.length);
        open.write(buffer);
    }

    /** The check of row number and values, so that a row in another's place fails; never 0. */
    private int sum(long row) {
        CRC32C sum = new CRC32C();
        sum.update(ByteBuffer.allocate(Long.BYTES).putLong(0, row));
        sum.update(buffer, Integer.BYTES, buffer.length - Integer.BYTES);
        return sum.getValue() == 0 ? 1 : (int) sum.getValue();
    }

    /**
     * Number of rows of the first views that are not written yet, and will take space on the disk.
     */
    synchronized long absent(int views) {
        long absent = 0;
        for (int view = 0; view < views; view++) {
            for (int sample = 0; sample < shape().samples(); sample++) {
                absent += has(view, sample) ? 0 : 1;
            }
        }
        return absent;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the store " + file + " is closed");
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        rows.close();
        try {
            open.close();
        } catch (IOException e) {
            throw new IllegalStateException("the store " + file + " could not be closed", e);
        }
    }

    /**
     * The rows of a store as read-only memory mappings: whole rows in segments of at most a GiB,
     * because a buffer holds less than two.
     */
    private static final class MappedRows implements AutoCloseable {
        private static final int SEGMENT = 1 << 30;

        private final int rowBytes;
        private final int rowsPerSegment;
        private final MappedByteBuffer[] segments;

        /**
         * @param channel may be closed afterwards
         */
        MappedRows(FileChannel channel, StoreHeader.Shape shape) throws IOException {
            rowBytes = shape.rowBytes();
            rowsPerSegment = Math.max(1, SEGMENT / rowBytes);
            int count = Math.toIntExact((shape.rows() + rowsPerSegment - 1) / rowsPerSegment);
            segments = new MappedByteBuffer[count];
            for (int i = 0; i < count; i++) {
                long first = (long) i * rowsPerSegment;
                long rows = Math.min(rowsPerSegment, shape.rows() - first);
                segments[i] = channel.map(MapMode.READ_ONLY, StoreHeader.BYTES + first * rowBytes, rows * rowBytes);
            }
        }

        /** Copies a row. */
        void get(long row, byte[] into) {
            segment(row).get(at(row), into, 0, rowBytes);
        }

        /** Whether a row begins with anything but zeros; touches one page of it. */
        boolean begins(long row) {
            return segment(row).getInt(at(row)) != 0;
        }

        private MappedByteBuffer segment(long row) {
            return segments[(int) (row / rowsPerSegment)];
        }

        private int at(long row) {
            return (int) (row % rowsPerSegment) * rowBytes;
        }

        /** Unmaps the rows; they must not be read afterwards. */
        @Override
        public void close() {
            for (MappedByteBuffer segment : segments) {
                unmap(segment);
            }
        }

        /**
         * Java 17 has no public call for it; without this one the collector unmaps in its own time.
         */
        private static void unmap(MappedByteBuffer segment) {
            try {
                Class<?> type = Class.forName("sun.misc.Unsafe");
                Field instance = type.getDeclaredField("theUnsafe");
                instance.setAccessible(true);
                MethodHandle cleaner = MethodHandles.lookup()
                        .findVirtual(type, "invokeCleaner", MethodType.methodType(void.class, ByteBuffer.class));
                cleaner.invoke(instance.get(null), (ByteBuffer) segment);
            } catch (ReflectiveOperationException e) {
                org.slf4j.LoggerFactory.getLogger(MappedRows.class)
                        .debug("A mapping is left to the collector: {}", e.toString());
            } catch (Throwable e) {
                throw new IllegalStateException("a mapping could not be undone", e);
            }
        }
    }
}
