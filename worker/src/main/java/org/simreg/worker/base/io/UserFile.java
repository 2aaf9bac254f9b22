package org.simreg.worker.base.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.simreg.worker.base.concurrent.StorageWatch;
import org.simreg.worker.base.concurrent.WatchedPool;

/**
 * The reader of files and folders that a user names. Nothing but a regular file or a folder is opened: a pipe would hold
 * the thread until somebody writes, a device has no end. What is read has a bound that is compared with the file's true
 * length before memory is taken. Errors are {@link FileSystemException}s whose reason {@link Disk#reason} gives.
 */
public final class UserFile {
    private static final int TYPE = 0xF000;
    private static final int PIECE = 1 << 16;

    private UserFile() {}

    /**
     * Opens a file for reading.
     *
     * @throws IOException if it can't be read or is no regular file; the reason says what it is
     */
    public static FileChannel open(Path file) throws IOException {
        requireRegular(file);
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    /**
     * Refuses what is no regular file, for readers that open it themselves.
     *
     * @throws IOException if it isn't there or is something else; the reason says what
     */
    public static void requireRegular(Path file) throws IOException {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        if (!found.isRegularFile()) {
            throw refused(file, "it is a " + kind(file, found) + ", and only a regular file can be read");
        }
    }

    /**
     * Refuses what is no folder, before it is listed: to list a pipe would wait for who writes to it.
     *
     * @throws IOException if it isn't there or is something else; the reason says what
     */
    public static void requireFolder(Path folder) throws IOException {
        BasicFileAttributes found = Files.readAttributes(folder, BasicFileAttributes.class);
        if (!found.isDirectory()) {
            String what = found.isRegularFile() ? "file" : kind(folder, found);
            throw refused(folder, "it is a " + what + ", and no folder");
        }
    }

    private static String kind(Path file, BasicFileAttributes found) throws IOException {
        if (found.isDirectory()) {
            return "folder";
        }
        boolean unix = file.getFileSystem().supportedFileAttributeViews().contains("unix");
        int mode = unix ? (Integer) Files.getAttribute(file, "unix:mode") : 0;
        return switch (mode & TYPE) {
            case 0x1000 -> "pipe";
            case 0x2000, 0x6000 -> "device";
            case 0xC000 -> "socket";
            default -> "special file";
        };
    }

    private static FileSystemException refused(Path file, String why) {
        return new FileSystemException(file.toString(), null, why);
    }

    /**
     * A file's bytes.
     *
     * @param most that are read
     * @throws IOException if it has more, can't be read or is no regular file
     */
    @SuppressWarnings("try") // the read is there for the watch to see
    public static byte[] bytes(Path file, int most) throws IOException {
        try (StorageWatch.Read read = StorageWatch.here(file);
                FileChannel channel = open(file)) {
            requireAtMost(file, channel.size(), most);
            // A file that grows meanwhile is found out by the byte too much.
            byte[] bytes = Channels.newInputStream(channel).readNBytes(most + 1);
            requireAtMost(file, bytes.length, most);
            return bytes;
        }
    }

    private static void requireAtMost(Path file, long size, int most) throws IOException {
        if (size > most) {
            throw refused(file, "it has %d bytes, and at most %d are read".formatted(size, most));
        }
    }

    /**
     * A file's text in UTF-8.
     *
     * @param most bytes that are read
     * @throws CharacterCodingException if it is no UTF-8
     * @throws IOException as {@link #bytes}
     */
    public static String text(Path file, int most) throws IOException {
        return decoded(bytes(file, most));
    }

    /**
     * A text as {@link #text}, where it may also come from a pipe: for what the user of a command names to that
     * command, such as the shell's {@code <(...)}, never for what a request names to a server.
     */
    public static String piped(Path file, int most) throws IOException {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        if (!found.isOther() || !kind(file, found).equals("pipe")) {
            return text(file, most);
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] read = in.readNBytes(most + 1);
            requireAtMost(file, read.length, most);
            return decoded(read);
        }
    }

    private static String decoded(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }

    /**
     * The lines of a text file in UTF-8, read one by one: ended by LF, CR or CRLF; the last may have no end. Memory is
     * taken for one line at a time.
     */
    public static final class Lines implements AutoCloseable {
        /** Most bytes of a line. */
        public static final int LONGEST = 1 << 16;

        private final Path file;
        private final ReadableByteChannel channel;
        private final ByteBuffer piece = ByteBuffer.allocate(PIECE).flip();
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();
        private boolean afterReturn;
        private long number;

        /** Opens a file as {@link UserFile#open}. */
        public Lines(Path file) throws IOException {
            this(file, open(file));
        }

        /**
         * The lines of what isn't in a file system.
         *
         * @param file its name
         */
        public Lines(Path file, ReadableByteChannel channel) {
            this.file = file;
            this.channel = channel;
        }

        /**
         * The next line without its end.
         *
         * @return null after the last
         * @throws IOException if it is too long or no UTF-8; the reason has its number
         */
        public String next() throws IOException {
            line.reset();
            boolean some = false;
            while (piece.hasRemaining() || filled()) {
                byte one = piece.get();
                boolean restOfEnd = one == '\n' && afterReturn;
                afterReturn = one == '\r';
                if (restOfEnd) {
                    continue;
                }
                some = true;
                if (one == '\n' || one == '\r') {
                    return ended();
                }
                if (line.size() == LONGEST) {
                    throw refused(file, "its line %d has more than %d bytes".formatted(number + 1, LONGEST));
                }
                line.write(one);
            }
            return some ? ended() : null;
        }

        private boolean filled() throws IOException {
            WatchedPool.progress();
            int read = channel.read(piece.clear());
            piece.flip();
            return read > 0;
        }

        private String ended() throws IOException {
            number++;
            try {
                return decoded(line.toByteArray());
            } catch (CharacterCodingException e) {
                throw refused(file, "its line %d is not UTF-8".formatted(number));
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
