package org.simreg.worker.data.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.bytedeco.javacpp.BytePointer;
import org.simreg.worker.base.io.UserFile;

/**
 * A buffer in native memory for the bytes of one file after another. A long file's bytes are given back before the next
 * is read. Belongs to one thread.
 */
public final class FileBuffer implements AutoCloseable {
    /** 256 MiB: no photograph is as long. */
    static final int LONGEST = 1 << 28;

    /** What is kept for the next file; longer files share {@link PictureMemory#FILES}. */
    private static final int KEPT = 1 << 22;

    /** Bytes behind a file that a decoder may write to. */
    static final int SPARE = 2;

    private final PictureMemory memory;
    private ByteBuffer kept = allocate(1 << 18);
    private ByteBuffer bytes = kept;
    private BytePointer large;

    /** With the memory that all files share. */
    public FileBuffer() {
        this(PictureMemory.FILES);
    }

    /**
     * @param memory where a long file's is taken
     */
    FileBuffer(PictureMemory memory) {
        this.memory = memory;
    }

    /**
     * Makes room for a file. Waits while other threads' long files fill the memory for files.
     *
     * @return little-endian, from position 0 to a limit of that many bytes; to be filled
     * @throws ImageDecoder.UnreadableImage if the file is too long for an image
     */
    public ByteBuffer room(long length) throws ImageDecoder.UnreadableImage {
        release();
        if (length > LONGEST) {
            throw new ImageDecoder.UnreadableImage(tooLong(length));
        }
        if (length > KEPT) {
            bytes = large(length);
        } else if (length + SPARE > kept.capacity()) {
            kept = allocate((int) Math.min(KEPT, length + length / 2) + SPARE);
            bytes = kept;
        }
        return bytes.clear().limit((int) length);
    }

    /** Allocated past the JVM's bound of direct memory, which may be smaller than a file. */
    private ByteBuffer large(long length) throws ImageDecoder.UnreadableImage {
        memory.take(length);
        try {
            large = new BytePointer(length + SPARE);
        } catch (OutOfMemoryError e) {
            memory.giveBack(length);
            throw e;
        }
        return large.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    private void release() {
        if (large != null) {
            long length = large.capacity() - SPARE;
            large.deallocate();
            large = null;
            memory.giveBack(length);
        }
        bytes = kept;
    }

    /** What is said about a file above {@link #LONGEST}. */
    static String tooLong(long length) {
        return "the file has " + length + " bytes, above the limit of " + LONGEST;
    }

    /**
     * Reads a file whole; shorter, if it is cut meanwhile.
     *
     * @throws IOException if it can't be read or is no regular file, as {@link UserFile#open}
     */
    public void read(Path file) throws IOException {
        try (FileChannel channel = UserFile.open(file)) {
            ByteBuffer room = room(channel.size());
            while (room.hasRemaining() && channel.read(room) >= 0) {
                continue;
            }
            room.flip();
        }
    }

    /** The file that was read last: little-endian, from position 0 to its length. */
    ByteBuffer bytes() {
        return bytes;
    }

    /** Gives a long file's memory back; the buffer may be used again. */
    @Override
    public void close() {
        release();
    }

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
