package org.simreg.coordinator.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of records that only grows: a line that names its kind, then frames with checksums.
 *
 * <p>A crash can leave an unfinished record at the end: it is cut off when the file is opened, with
 * a warning in the log. Other damage is no crash's, and refused: a record that whole ones follow, or
 * a last one whose bytes are all there and don't match their checksums. One owner; not for several
 * threads.
 */
public final class RecordFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RecordFile.class);

    private final FileChannel channel;
    private Path path;
    private long end;

    /** Whether bringing bytes to the disk has failed: what a later attempt says means nothing. */
    private boolean unsafe;

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

    /** The way in which channels of files are opened. */
    @FunctionalInterface
    interface Opener {
        FileChannel open(Path path, OpenOption... options) throws IOException;
    }

    /**
     * Opens a file, or makes it, and hands over all records.
     *
     * @param kind first line of the file, without its end
     * @throws UserError if it is of another kind, damaged, or can't be used; the message has file
     *     and offset
     */
    public static RecordFile open(Path path, String kind, Reader reader) {
        return open(path, kind, 0, reader, OwnFolder::open);
    }

    /**
     * As {@link #open(Path, String, Reader)}, with the records from a place on; those before are
     * neither read nor checked.
     *
     * @param from offset of a record, or the file's end; 0: the first
     */
    static RecordFile open(Path path, String kind, long from, Reader reader, Opener opener) {
        return Disk.read(path, () -> {
            FileChannel channel =
                    opener.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            RecordFile file = new RecordFile(path, channel);
            try {
                file.begin(head(kind), from, reader);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            return file;
        });
    }

    /**
     * Begins a file that is to take another one's place, see {@link #replace}.
     *
     * @param draft where it is written; what lies there is dropped
     * @throws UserError if it can't be written; nothing is left
     */
    static RecordFile draft(Path draft, String kind, Opener opener) {
        Disk.write(draft, () -> Files.deleteIfExists(draft));
        return open(draft, kind, 0, (offset, bytes) -> {}, opener);
    }

    /**
     * Makes a draft durable and gives it another file's name; that one, if it is open, stays
     * readable by who has it open.
     *
     * @throws UserError if that fails before it has the name; the other file is untouched
     */
    void replace(Path target) {
        sync();
        Path draft = path;
        Disk.write(target, () -> Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE));
        path = target;
        try {
            Disk.forceFolder(target.toAbsolutePath().getParent());
        } catch (IOException e) {
            LOG.warn("{} has taken its place, but that may not be durable; it will be written anew", target, e);
            unsafe = true;
        }
    }

    /** Closes and removes a draft that is given up. */
    void discard() {
        try {
            channel.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            LOG.warn("{} can't be removed", path, e);
        }
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
                if (file.begun(head(kind))) {
                    file.scan(head(kind).length, reader, false);
                }
            }
            return null;
        });
    }

    /** The first line of a file of a kind, with its end. */
    static byte[] head(String kind) {
        return (kind + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    private void begin(byte[] head, long from, Reader reader) throws IOException {
        if (begun(head)) {
            end = scan(Math.max(from, head.length), reader, true);
        } else {
            write(ByteBuffer.wrap(head), 0);
            force();
            Disk.forceFolder(path.toAbsolutePath().getParent());
            end = head.length;
        }
        cut();
    }

    /** Whether the first line is there whole; a part of it is what a crash can leave. */
    private boolean begun(byte[] head) throws IOException {
        int known = (int) Math.min(head.length, channel.size());
        if (!fill(0, known).equals(ByteBuffer.wrap(head, 0, known))) {
            throw new UserError("%s does not begin with '%s': it is another file, or damaged; move it away"
                    .formatted(path, new String(head, StandardCharsets.US_ASCII).strip()));
        }
        return known == head.length;
    }

    private long scan(long from, Reader reader, boolean closed) throws IOException {
        RecordScan scan = new RecordScan(channel);
        long at = from;
        while (at < scan.size()) {
            byte[] record = scan.record(at).orElse(null);
            if (record == null) {
                refuseDamage(scan, at, closed);
                return at;
            }
            reader.record(at, record);
            at += RecordFrame.HEADER + record.length;
        }
        return at;
    }

    /**
     * @param closed whether nobody is writing a last record
     */
    private void refuseDamage(RecordScan scan, long at, boolean closed) throws IOException {
        OptionalLong later = scan.next(at);
        if (later.isPresent()) {
            throw new UserError(
                    "%s is damaged at byte %d, and whole records follow at byte %d; restore it from a copy, or move it away to begin anew"
                            .formatted(path, at, later.getAsLong()));
        }
        if (closed && scan.wasWhole(at)) {
            throw new UserError(
                    "%s is damaged in its last record, at byte %d, which was written whole; restore it from a copy, or give that record up with 'truncate -s %d %s'"
                            .formatted(path, at, at, path));
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
        ByteBuffer frame = RecordFrame.of(bytes);
        try {
            Disk.write(path, () -> write(frame, at));
        } catch (UserError e) {
            takeBack(at, e);
            throw e;
        }
        end = at + frame.limit();
        return at;
    }

    /**
     * Appends records and brings them to the disk, all by one fsync. After a failure the file is without them, as far as
     * its disk does what it says, and {@link #isUnsafe} if it doesn't.
     *
     * @return their offsets
     * @throws UserError if they can't be written
     */
    List<Long> appendDurably(List<byte[]> records) {
        long at = end;
        try {
            List<Long> offsets = records.stream().map(this::append).toList();
            sync();
            return offsets;
        } catch (UserError e) {
            end = at;
            takeBack(at, e);
            throw e;
        }
    }

    /** The same for one record. */
    long appendDurably(byte[] bytes) {
        return appendDurably(List.of(bytes)).get(0);
    }

    /** Takes back the records from a place on, as far as the disk lets it. */
    void takeBack(long at) {
        end = Math.min(end, at);
        try {
            channel.truncate(end);
        } catch (IOException e) {
            LOG.warn("{}: what follows byte {} can't be cut off and is written over", path, end, e);
        }
    }

    private void takeBack(long at, UserError failure) {
        try {
            channel.truncate(at);
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /**
     * Whether the disk has failed to take bytes: the system may have dropped them and still say
     * that all is well the next time. Such a file takes no more records that must last; it can be
     * read.
     */
    boolean isUnsafe() {
        return unsafe;
    }

    /** Takes the file for one whose disk has failed. */
    void distrust() {
        unsafe = true;
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
     * @throws UserError if that fails, or has failed before
     */
    public void sync() {
        Disk.write(path, this::force);
    }

    /**
     * Writes a record again where it lies, so that the next {@link #sync} brings it to the disk: what a disk has failed
     * to take the system may hold as if it were there.
     *
     * @throws UserError if it is damaged, or can't be written
     */
    void rewrite(long offset) {
        Disk.write(path, () -> write(RecordFrame.of(one(offset)), offset));
    }

    private void force() throws IOException {
        if (unsafe) {
            throw new IOException("its disk has failed before, so that what it holds is not certain");
        }
        try {
            channel.force(false);
        } catch (IOException e) {
            unsafe = true;
            throw e;
        }
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
                at += RecordFrame.HEADER + record.length;
            }
            return null;
        });
    }

    private byte[] one(long at) throws IOException {
        long left = end - at - RecordFrame.HEADER;
        ByteBuffer header = fill(at, RecordFrame.HEADER);
        int length = header.limit() < RecordFrame.HEADER ? 0 : RecordFrame.length(header, 0, left);
        Optional<byte[]> record = length == 0
                ? Optional.empty()
                : Optional.of(fill(at, RecordFrame.HEADER + length))
                        .filter(frame -> frame.limit() == RecordFrame.HEADER + length)
                        .flatMap(RecordFrame::read);
        return record.orElseThrow(() -> new UserError("%s is damaged at byte %d".formatted(path, at)));
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
                try (channel) {
                    if (!unsafe) {
                        force();
                    }
                }
            }
        });
    }
}
