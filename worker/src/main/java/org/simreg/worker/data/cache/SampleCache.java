package org.simreg.worker.data.cache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.simreg.proto.Version;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.data.image.FileBuffer;

/**
 * The cache of image files that lie far away on the local disk, of a bounded size: copies not read
 * for longest go first. Every read checks length and CRC32C, so that an entry that a crash or the
 * disk has damaged is only a miss: nothing is forced to the disk. Several processes may share the
 * folder; each counts what the others wrote now and then. Safe for all threads.
 */
public final class SampleCache {
    private static final int MAGIC = 0x53524331;
    private static final int HEAD = 24;

    private static final Set<StandardOpenOption> NEW = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);

    private static final FileAttribute<Set<PosixFilePermission>> OWN =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /** Of this process among those that share the folder, also on several machines. */
    private static final long PROCESS = new SecureRandom().nextLong();

    private static final AtomicLong DRAFTS = new AtomicLong();

    private final Path folder;
    private final DiskCache space;

    /**
     * @param folder made when the first entry is written
     * @param mostBytes disk space of all entries together
     */
    public SampleCache(Path folder, long mostBytes) {
        this.folder = folder;
        space = new DiskCache(folder, mostBytes);
    }

    /** The samples of a cache folder, which give way to weights and indexes. */
    public SampleCache(CacheSpace whole) {
        folder = whole.samples();
        space = new DiskCache(folder, whole.most(), whole::others);
    }

    /**
     * Deletes as many samples as a file beside them needs.
     *
     * @throws IOException if they can't be deleted
     */
    public void makeRoom(long bytes) throws IOException {
        space.makeRoom(bytes);
    }

    private Path entry(String key) {
        return folder.resolve(key.substring(0, 2)).resolve(key.substring(2));
    }

    /** What the entry of a key is a copy of, if there is one; its bytes are not checked. */
    Optional<Version> version(String key) {
        try (FileChannel channel = FileChannel.open(entry(key), StandardOpenOption.READ)) {
            return head(channel).map(Head::version);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * Reads an entry.
     *
     * @param key hexadecimal, the same for the same file
     * @return false if there is none; one that is damaged is dropped
     */
    boolean read(String key, FileBuffer into) {
        Path file = entry(key);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            Optional<Head> head = head(channel);
            if (head.isPresent() && fill(channel, head.get(), into)) {
                Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
                return true;
            }
            Files.deleteIfExists(file);
            return false;
        } catch (IOException e) {
            // Missing, most often; whatever it is, the file can be had again.
            return false;
        }
    }

    /**
     * The head of an entry.
     *
     * @param crc32c of the bytes after it
     */
    private record Head(Version version, int crc32c) {}

    private static Optional<Head> head(FileChannel channel) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(HEAD);
        while (head.hasRemaining() && channel.read(head) >= 0) {
            continue;
        }
        if (head.flip().remaining() < HEAD || head.getInt() != MAGIC) {
            return Optional.empty();
        }
        int crc32c = head.getInt();
        Version.Builder version = Version.newBuilder();
        version.setLength(head.getLong()).setModifiedNs(head.getLong());
        return channel.size() == HEAD + version.getLength()
                ? Optional.of(new Head(version.build(), crc32c))
                : Optional.empty();
    }

    private static boolean fill(FileChannel channel, Head head, FileBuffer into) throws IOException {
        ByteBuffer room = into.room(head.version().getLength());
        while (room.hasRemaining() && channel.read(room) >= 0) {
            continue;
        }
        CRC32C sum = new CRC32C();
        sum.update(room.flip());
        room.rewind();
        return room.remaining() == head.version().getLength() && (int) sum.getValue() == head.crc32c();
    }

    /**
     * Keeps a file's copy, in place of an older one.
     *
     * @throws IOException if it can't be written
     */
    void put(String key, SampleFetch.Answer.File file) throws IOException {
        long bytes = HEAD + file.version().getLength();
        if (!space.reserve(bytes)) {
            return;
        }
        try {
            replace(entry(key), file);
        } finally {
            space.settle(bytes);
        }
    }

    private static void replace(Path target, SampleFetch.Answer.File file) throws IOException {
        Path draft = target.resolveSibling(
                "%s-%x-%x%s".formatted(target.getFileName(), PROCESS, DRAFTS.incrementAndGet(), DiskCache.DRAFT));
        try {
            try {
                write(draft, file);
            } catch (NoSuchFileException first) {
                // Of 256 folders: to look for one each time would take as long as to write the file.
                Files.createDirectories(target.getParent());
                write(draft, file);
            }
            Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.deleteIfExists(draft);
            throw e;
        }
    }

    private static void write(Path draft, SampleFetch.Answer.File file) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(HEAD).putInt(MAGIC).putInt(file.crc32c());
        head.putLong(file.version().getLength())
                .putLong(file.version().getModifiedNs())
                .flip();
        try (FileChannel channel = FileChannel.open(draft, NEW, OWN)) {
            AtomicFile.put(channel, head);
            for (ByteBuffer piece : file.data().asReadOnlyByteBufferList()) {
                AtomicFile.put(channel, piece);
            }
        }
    }
}
