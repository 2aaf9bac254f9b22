package org.simreg.coordinator.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of records that only grows: a line that names its kind, then frames with checksums.
 *
 * <p>A crash can leave an unfinished record at the end: it is cut off when the file is opened, with
 * a warning in the log. Damage that whole records follow is no crash's, and refused. One owner; not
 * for several threads.
 */
public final class RecordFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RecordFile.class);

    private final Path path;
    private final FileChannel channel;
    private long end;

    /** A receiver of the records of a file. */
    @FunctionalInterface
    public interface Reader {
        /**
         * @param offset of the record, for {@link RecordFile#read}
         */
        void record(long offset, byte[] bytes);
    }

    private RecordFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Opens a file, or makes it, and hands over all records.
     *
     * @param kind first line of the file, without its end
     * @throws UserError if it is of another kind, damaged before its end, or can't be used; the
     *     message has file and offset
     */
    public static RecordFile open(Path path, String kind, Reader reader) {
        return Disk.read(path, () -> {
            FileChannel channel =
                    OwnFolder.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            RecordFile file = new RecordFile(path, channel);
            try {
                file.begin(head(kind), reader);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            return file;
        });
    }

    /**
     * Hands over the whole records of a file that another process may be writing; changes nothing.
     *
     * @throws UserError if it is of another kind, damaged before its end, or can't be read
     */
    public static void read(Path path, String kind, Reader reader) {
        Disk.read(path, () -> {
            try (FileChannel channel = OwnFolder.open(path, StandardOpenOption.READ)) {
                RecordFile file = new RecordFile(path, channel);
                ByteBuffer bytes = file.map();
                if (file.begun(bytes, head(kind))) {
                    file.scan(bytes, head(kind).length, reader);
                }
            }
            return null;
        });
    }

    /** The first line of a file of a kind, with its end. */
    static byte[] head(String kind) {
        return (kind + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    private void begin(byte[] head, Reader reader) throws IOException {
        ByteBuffer file = map();
        if (begun(file, head)) {
            end = scan(file, head.length, reader);
        } else {
            write(ByteBuffer.wrap(head), 0);
            force();
            Disk.forceFolder(path.toAbsolutePath().getParent());
            end = head.length;
        }
        cut();
    }

    /** Whether the first line is there whole; a part of it is what a crash can leave. */
    private boolean begun(ByteBuffer file, byte[] head) {
        int known = Math.min(head.length, file.limit());
        if (!file.slice(0, known).equals(ByteBuffer.wrap(head, 0, known))) {
            throw new UserError("%s does not begin with '%s': it is another file, or damaged; move it away"
                    .formatted(path, new String(head, StandardCharsets.US_ASCII).strip()));
        }
        return known == head.length;
    }

    private ByteBuffer map() throws IOException {
        if (channel.size() > Integer.MAX_VALUE) {
            throw new UserError("%s has more than 2 GiB and can't be read".formatted(path));
        }
        return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()).order(ByteOrder.LITTLE_ENDIAN);
    }

    private long scan(ByteBuffer file, int from, Reader reader) {
        int at = from;
        while (at < file.limit()) {
            byte[] record = Frame.read(file, at).orElse(null);
            if (record == null) {
                refuseDamage(file, at);
                return at;
            }
            reader.record(at, record);
            at += Frame.HEADER + record.length;
        }
        return at;
    }

    private void refuseDamage(ByteBuffer file, int at) {
        for (int later = at + 1; later <= file.limit() - Frame.HEADER; later++) {
            if (Frame.read(file, later).isPresent()) {
                throw new UserError(
                        "%s is damaged at byte %d, and whole records follow at byte %d; restore it from a copy, or move it away to begin anew"
                                .formatted(path, at, later));
            }
        }
    }

    private void cut() throws IOException {
        long torn = channel.size() - end;
        if (torn > 0) {
            LOG.warn("{}: an unfinished record of {} bytes at its end is cut off", path, torn);
            channel.truncate(end);
            force();
        }
    }

    /**
     * Appends a record; it survives the process, and the machine once {@link #sync} has returned.
     * After a failure the file is as before.
     *
     * @return its offset
     * @throws UserError if it can't be written
     */
    public long append(byte[] bytes) {
        long at = end;
        ByteBuffer frame = Frame.of(bytes);
        Disk.write(path, () -> write(frame, at));
        end = at + frame.limit();
        return at;
    }

    /**
     * Appends a record and brings it to the disk. After a failure the next record takes its place:
     * what may have reached the disk of it must not hold beside that one.
     *
     * @throws UserError if it can't be written
     */
    void appendDurably(byte[] bytes) {
        long at = append(bytes);
        try {
            sync();
        } catch (UserError e) {
            end = at;
            throw e;
        }
    }

    /** At a place, not at the file's end: what a failed write has left is written over. */
    private void write(ByteBuffer bytes, long at) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes, at + bytes.position());
        }
    }

    /**
     * Brings what was appended to the disk.
     *
     * @throws UserError if that fails
     */
    public void sync() {
        Disk.write(path, this::force);
    }

    private void force() throws IOException {
        channel.force(false);
    }

    /** Bytes of all records. */
    public long size() {
        return end;
    }

    /**
     * Hands over the records from an offset on, as many as the limit.
     *
     * @param offset of a record
     * @throws UserError if one is damaged by now
     */
    public void read(long offset, int limit, Reader reader) {
        Disk.read(path, () -> {
            long at = offset;
            for (int i = 0; i < limit && at < end; i++) {
                byte[] record = one(at);
                reader.record(at, record);
                at += Frame.HEADER + record.length;
            }
            return null;
        });
    }

    private byte[] one(long at) throws IOException {
        int length = fill(at, Frame.HEADER).getInt(0);
        boolean possible = length > 0 && length <= end - at - Frame.HEADER;
        ByteBuffer frame = fill(at, possible ? Frame.HEADER + length : 0);
        return Frame.read(frame, 0).orElseThrow(() -> new UserError("%s is damaged at byte %d".formatted(path, at)));
    }

    private ByteBuffer fill(long at, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        int got = 0;
        while (bytes.hasRemaining() && got >= 0) {
            got = channel.read(bytes, at + bytes.position());
        }
        return bytes.flip();
    }

    @Override
    public void close() {
        Disk.write(path, () -> {
            if (channel.isOpen()) {
                force();
                channel.close();
            }
        });
    }

    /**
     * A record in a file, little-endian: length (4 bytes), CRC32C of the length, CRC32C of the
     * bytes, the bytes. The length has a checksum of its own so that a damaged one isn't followed.
     */
    static final class Frame {
        static final int HEADER = 12;

        /** Bytes that a record may have; far more than any has. */
        static final int MOST_BYTES = 1 << 26;

        private Frame() {}

        static ByteBuffer of(byte[] bytes) {
            if (bytes.length == 0 || bytes.length > MOST_BYTES) {
                throw new IllegalArgumentException("a record of " + bytes.length + " bytes");
            }
            ByteBuffer frame = ByteBuffer.allocate(HEADER + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
            frame.putInt(bytes.length);
            frame.putInt(crc(frame.slice(0, 4)));
            return frame.putInt(crc(ByteBuffer.wrap(bytes))).put(bytes).flip();
        }

        /**
         * Length of the whole frame at a place, 0 if there is none or its bytes aren't all there.
         */
        static int length(ByteBuffer file, int at) {
            if (file.limit() - at < HEADER) {
                return 0;
            }
            int bytes = file.getInt(at);
            boolean whole = bytes > 0 && bytes <= file.limit() - at - HEADER;
            return whole && crc(file.slice(at, 4)) == file.getInt(at + 4) ? HEADER + bytes : 0;
        }

        /** The record at a place; empty if no whole and undamaged one begins there. */
        static Optional<byte[]> read(ByteBuffer file, int at) {
            int length = length(file, at);
            if (length == 0 || crc(file.slice(at + HEADER, length - HEADER)) != file.getInt(at + 8)) {
                return Optional.empty();
            }
            byte[] bytes = new byte[length - HEADER];
            file.get(at + HEADER, bytes);
            return Optional.of(bytes);
        }

        private static int crc(ByteBuffer bytes) {
            CRC32C crc = new CRC32C();
            crc.update(bytes);
            return (int) crc.getValue();
        }
    }
}
