package org.simreg.worker.base.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The marks of the images that a process is decoding and of the jobs that it is loading, in a mapped file that outlives
 * the process: a mark that is left says at what the process ended. All processes of a machine have theirs in one folder, and read those
 * of processes that live no more, which a lock tells. Safe for all threads.
 */
public final class DecodeMarks implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DecodeMarks.class);
    private static final String SUFFIX = ".marks";
    private static final int SLOTS = 64;

    /** Two lengths, a job's name and a path. */
    private static final int SLOT = 5 << 10;

    /** To open one of them again would give its lock back. */
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final Path file;
    private final FileChannel channel;
    private final MappedByteBuffer slots;
    private final Deque<Integer> free = new ArrayDeque<>();

    /**
     * A mark that a process has left.
     *
     * @param job that it loaded, or decoded an image for
     * @param image where that lies; empty: the job was being loaded
     * @param id of the mark, no other's
     */
    public record Left(String job, String image, String id) {}

    /**
     * Makes the file of this process.
     *
     * @param folder of all such files of the machine, made if it isn't there
     */
    public DecodeMarks(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
        file = folder.toRealPath().resolve(UUID.randomUUID() + SUFFIX);
        OWN.add(file);
        channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() == null) {
                throw new IOException("a file that was just made is locked: " + file);
            }
            // Written, not only made longer: a page for which there is no room would end the process.
            ByteBuffer empty = ByteBuffer.allocate(SLOTS * SLOT);
            while (empty.hasRemaining()) {
                channel.write(empty);
            }
            slots = channel.map(FileChannel.MapMode.READ_WRITE, 0, SLOTS * SLOT);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
        // A process that ends in order leaves none.
        file.toFile().deleteOnExit();
        for (int slot = 0; slot < SLOTS; slot++) {
            free.add(slot);
        }
    }

    /** Marks a job that is being loaded, until what this gives is closed. */
    public Notices.Mark loading(String job) {
        return mark(job, "");
    }

    /**
     * Marks an image, until what this gives is closed; not if very many are marked already.
     *
     * @param job that it is decoded for
     * @param image where it lies; its first 4 KiB count
     */
    public Notices.Mark mark(String job, String image) {
        Integer slot;
        synchronized (free) {
            slot = free.poll();
        }
        if (slot == null) {
            return Notices.Mark.NONE;
        }
        byte[] name = bytes(job, 512);
        byte[] path = bytes(image, 4096);
        int at = slot * SLOT;
        slots.put(at + 8, name).put(at + 8 + name.length, path).putInt(at + 4, path.length);
        slots.putInt(at, name.length + 1);
        return () -> {
            slots.putInt(at, 0);
            synchronized (free) {
                free.push(slot);
            }
        };
    }

    private static byte[] bytes(String text, int most) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length > most ? Arrays.copyOf(bytes, most) : bytes;
    }

    /** Takes the marks of all processes that have ended since; each is given once, to one process. */
    public List<Left> takeLeft() {
        List<Left> left = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder.toRealPath(), "*" + SUFFIX)) {
            for (Path other : files) {
                if (!OWN.contains(other) && OwnFolder.isFile(other)) {
                    take(other, left);
                }
            }
        } catch (IOException e) {
            LOG.debug("The marks of other processes in {} are not read", folder, e);
        }
        return left;
    }

    /** One thread of this process at a time: a lock that it holds itself can't be tried again. */
    private static synchronized void take(Path other, List<Left> left) throws IOException {
        try (FileChannel opened = OwnFolder.open(other, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileLock lock = opened.tryLock()) {
            // One that is shorter is just being made, or was when its process ended.
            if (lock != null && opened.size() == SLOTS * SLOT) {
                read(opened, other.getFileName().toString(), left);
                Files.deleteIfExists(other);
            }
        }
    }

    private static void read(FileChannel opened, String name, List<Left> left) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(SLOTS * SLOT);
        while (all.hasRemaining() && opened.read(all) >= 0) {
            LOG.trace("{} bytes of marks are left to read", all.remaining());
        }
        for (int at = 0; at < all.limit(); at += SLOT) {
            int job = all.getInt(at) - 1;
            int path = all.getInt(at + 4);
            if (job >= 0 && path >= 0 && job <= 512 && path <= 4096) {
                left.add(new Left(text(all, at + 8, job), text(all, at + 8 + job, path), name + at));
            }
        }
    }

    private static String text(ByteBuffer from, int at, int length) {
        return new String(from.array(), at, length, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
            channel.close();
        } catch (IOException e) {
            LOG.debug("{} stays", file, e);
        }
        OWN.remove(file);
    }
}
