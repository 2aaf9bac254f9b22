package org.simreg.worker.weights.tensor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.StorageWatch;
import org.simreg.worker.base.concurrent.WatchedPool;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;

/**
 * A file of any size mapped into memory, read-only. A buffer holds less than 2 GiB, so windows of
 * that size begin at every GiB and a slice of up to 1 GiB lies whole in one of them.
 *
 * <p>What is given away was read once by the system's calls, under this thread's {@link StorageWatch}: a page of mapped
 * memory whose storage gives no answer would hold all of Java's threads, with nobody to tell, and one that can't be
 * read would be no exception.
 */
public final class MappedFile {
    private static final int SHIFT = 30;
    private static final int PIECE = 1 << 18;
    private static final int AHEAD = 1 << 26;

    private final Path path;
    private final ByteBuffer[] windows;
    private final long size;
    /** The file's identity, as its path may lead to another one later; null where there is none to read. */
    private final Object key;

    private MappedFile(Path path, ByteBuffer[] windows, long size, Object key) {
        this.path = path;
        this.windows = windows;
        this.size = size;
        this.key = key;
    }

    /**
     * Maps a file; nothing is read yet.
     *
     * @throws IOException if it can't be read or is no regular file
     */
    @SuppressWarnings("try") // the read is there for the watch to see
    public static MappedFile open(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new CorruptFile("it is a folder; name a file");
        }
        try (StorageWatch.Read read = StorageWatch.here(file);
                FileChannel channel = UserFile.open(file)) {
            long size = channel.size();
            ByteBuffer[] windows = new ByteBuffer[(int) (size >> SHIFT) + 1];
            for (int i = 0; i < windows.length; i++) {
                long start = (long) i << SHIFT;
                long length = Math.min(size - start, Integer.MAX_VALUE);
                windows[i] = channel.map(MapMode.READ_ONLY, start, length);
            }
            return new MappedFile(file, windows, size, key(file));
        }
    }

    /** A file inside another one, which is smaller than 2 GiB. */
    public static MappedFile of(Path outer, ByteBuffer bytes) {
        ByteBuffer all = bytes.slice();
        return new MappedFile(outer, new ByteBuffer[] {all}, all.remaining(), null);
    }

    /** The file, for messages. */
    public Path path() {
        return path;
    }

    /** Bytes of the whole file. */
    public long size() {
        return size;
    }

    /**
     * Bytes of the file, little-endian, without copying; they are read now.
     *
     * @throws CorruptFile if the file is shorter or can't be read, or the slice is longer than a window
     */
    public ByteBuffer slice(long offset, long length) throws CorruptFile {
        ByteBuffer mapped = mapped(offset, length);
        read(offset, length);
        return mapped;
    }

    /**
     * Bytes of the file as {@link #slice} gives them, which are read when they are asked for.
     *
     * @return throws a {@link UserError} if they can't be read
     * @throws CorruptFile if the file is shorter, or the slice longer than a window
     */
    public Supplier<ByteBuffer> lazily(long offset, long length) throws CorruptFile {
        ByteBuffer mapped = mapped(offset, length);
        AtomicBoolean isRead = new AtomicBoolean();
        return () -> {
            try {
                if (!isRead.get()) {
                    read(offset, length);
                    isRead.set(true);
                }
            } catch (CorruptFile e) {
                throw new UserError("Can't read weights from %s: %s".formatted(path, e.getMessage()), e);
            }
            return mapped.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        };
    }

    private ByteBuffer mapped(long offset, long length) throws CorruptFile {
        if (offset < 0 || length < 0 || length > size - offset) {
            throw new CorruptFile("it ends at byte %d, but bytes %d to %d are needed; copy it again"
                    .formatted(size, offset, offset + length));
        }
        ByteBuffer window = windows[(int) (offset >> SHIFT)];
        int start = (int) (offset & (1 << SHIFT) - 1);
        if (length > window.capacity() - start) {
            throw new CorruptFile("a piece of %d bytes is too large".formatted(length));
        }
        return window.slice(start, (int) length).order(ByteOrder.LITTLE_ENDIAN);
    }

    @SuppressWarnings("try") // the read is there for the watch to see
    private void read(long offset, long length) throws CorruptFile {
        try (StorageWatch.Read read = StorageWatch.here(path)) {
            if (key == null || !key.equals(key(path))) {
                return;
            }
            // Opened each time: nobody closes a mapped file, and descriptors are few.
            try (FileChannel channel = UserFile.open(path)) {
                read(channel, offset, length);
            }
        } catch (CorruptFile e) {
            throw e;
        } catch (IOException e) {
            throw new CorruptFile("it can't be read: " + Disk.reason(e));
        }
    }

    private static Object key(Path file) throws IOException {
        return Files.exists(file)
                ? Files.readAttributes(file, BasicFileAttributes.class).fileKey()
                : null;
    }

    private void read(FileChannel channel, long offset, long length) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, length));
        for (long at = offset; at < offset + length; at += piece.position()) {
            piece.clear().limit((int) Math.min(piece.capacity(), offset + length - at));
            if (channel.read(piece, at) < 0) {
                throw new CorruptFile("it has become shorter while it was read, and ends at byte %d".formatted(at));
            }
            WatchedPool.progress();
        }
    }

    /** The bytes from an offset to the end, as far as one buffer goes; {@value #AHEAD} bytes of them are read now. */
    public ByteBuffer from(long offset) throws CorruptFile {
        ByteBuffer mapped = mapped(offset, Math.min(size - offset, 1 << SHIFT));
        read(offset, Math.min(mapped.remaining(), AHEAD));
        return mapped;
    }
}
