package org.simreg.worker.data.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A buffer in native memory for the bytes of one file after another. Belongs to one thread. */
public final class FileBuffer {
    /** 256 MiB: no photograph is as long, and every decode thread may hold one and a half of it. */
    static final int LONGEST = 1 << 28;

    private ByteBuffer bytes = allocate(1 << 18);

    /**
     * Makes room for a file.
     *
     * @return little-endian, from position 0 to a limit of that many bytes; to be filled
     * @throws ImageDecoder.UnreadableImage if the file is too long for an image
     */
    public ByteBuffer room(long length) throws ImageDecoder.UnreadableImage {
        if (length > LONGEST) {
            throw new ImageDecoder.UnreadableImage(tooLong(length));
        }
        if (length > bytes.capacity()) {
            bytes = allocate((int) length + (int) length / 2);
        }
        return bytes.clear().limit((int) length);
    }

    /** What is said about a file above {@link #LONGEST}. */
    static String tooLong(long length) {
        return "the file has " + length + " bytes, above the limit of " + LONGEST;
    }

    /** Reads a file whole; shorter, if it is cut meanwhile. */
    public void read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
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

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
