package org.simreg.worker.weights.tensor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.simreg.worker.base.io.UserFile;

/**
 * A file of any size mapped into memory, read-only. A buffer holds less than 2 GiB, so windows of
 * that size begin at every GiB and a slice of up to 1 GiB lies whole in one of them.
 */
public final class MappedFile {
    private static final int SHIFT = 30;

    private final Path path;
    private final ByteBuffer[] windows;
    private final long size;

    private MappedFile(Path path, ByteBuffer[] windows, long size) {
        this.path = path;
        this.windows = windows;
        this.size = size;
    }

    /**
     * Maps a file; nothing is read yet.
     *
     * @throws IOException if it can't be read or is no regular file
     */
    public static MappedFile open(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new CorruptFile("it is a folder; name a file");
        }
        try (FileChannel channel = UserFile.open(file)) {
            long size = channel.size();
            ByteBuffer[] windows = new ByteBuffer[(int) (size >> SHIFT) + 1];
            for (int i = 0; i < windows.length; i++) {
                long start = (long) i << SHIFT;
                long length = Math.min(size - start, Integer.MAX_VALUE);
                windows[i] = channel.map(MapMode.READ_ONLY, start, length);
            }
            return new MappedFile(file, windows, size);
        }
    }

    /** A file inside another one, which is smaller than 2 GiB. */
    public static MappedFile of(Path outer, ByteBuffer bytes) {
        ByteBuffer all = bytes.slice();
        return new MappedFile(outer, new ByteBuffer[] {all}, all.remaining());
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
     * Bytes of the file, little-endian, without copying.
     *
     * @throws CorruptFile if the file is shorter, or the slice longer than a window
     */
    public ByteBuffer slice(long offset, long length) throws CorruptFile {
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

    /** The bytes from an offset to the end, as far as one buffer goes. */
    public ByteBuffer from(long offset) throws CorruptFile {
        return slice(offset, Math.min(size - offset, 1 << SHIFT));
    }
}
