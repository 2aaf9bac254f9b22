package org.simreg.coordinator.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.OwnFolder;
import org.simreg.worker.base.io.UserFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lock of a folder for one owner in one process: a lock on the file {@code .lock} in it. The
 * operating system gives the lock back when the process ends, however it ends; the file stays, as a
 * deleted one could be locked twice. What it says also tells whether the last owner had ended in order: one that was killed,
 * or whose disk has failed, may have left in the system's memory what is not on the disk and never will be, though a later
 * attempt to bring it there is told that all is well.
 */
public final class FolderLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FolderLock.class);

    /** Name of the file in the folder. */
    public static final String NAME = ".lock";

    private static final String SIGNATURE = "process ";
    private static final String SINCE = ", since ";
    private static final String ENDED = ", ended ";
    private static final int LONGEST = 200;

    /**
     * Folders locked in this JVM. Closing any channel of a file would give the process's lock on it
     * back, so the file of a locked folder isn't opened a second time.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel channel;
    private final boolean left;

    private FolderLock(Path folder, FileChannel channel, boolean left) {
        this.folder = folder;
        this.channel = channel;
        this.left = left;
    }

    /**
     * Takes the folder, which is made if it is absent.
     *
     * @param what the folder is, for the message: "run folder"
     * @throws UserError if someone else has it, or it can't be written
     */
    public static FolderLock take(Path folder, String what) {
        return take(folder, what, UserError::new);
    }

    /**
     * As {@link #take(Path, String)}, with another exception.
     *
     * @param refusal makes the exception that is thrown, of a sentence, if someone else has it
     */
    public static FolderLock take(Path folder, String what, Function<String, RuntimeException> refusal) {
        return Disk.read(folder, () -> {
            Path real = Disk.folder(folder).toRealPath();
            if (!HELD.add(real)) {
                throw refusal.apply(taken(what, folder, "this process"));
            }
            try {
                return lock(real, what, refusal);
            } catch (IOException | RuntimeException e) {
                HELD.remove(real);
                throw e;
            }
        });
    }

    private static FolderLock lock(Path folder, String what, Function<String, RuntimeException> refusal)
            throws IOException {
        Path file = folder.resolve(NAME);
        FileChannel channel =
                OwnFolder.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            String before = said(file, channel);
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw refusal.apply(taken(what, folder, owner(file)));
            }
            sign(file, channel, SINCE);
            return new FolderLock(folder, channel, before.contains(SINCE));
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** What is no lock isn't emptied: under another name it may be somebody's only copy. */
    private static String said(Path file, FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(LONGEST);
        channel.read(text, 0);
        String said = StandardCharsets.UTF_8.decode(text.flip()).toString();
        if (channel.size() > LONGEST || !said.startsWith(SIGNATURE) && !SIGNATURE.startsWith(said)) {
            throw new UserError("%s is no lock of simreg; move it away".formatted(file));
        }
        return said;
    }

    /** The lock holds without a signature, too: on a full disk there is no room for one. */
    private static void sign(Path file, FileChannel channel, String how) {
        String signature =
                SIGNATURE + "%d%s%s\n".formatted(ProcessHandle.current().pid(), how, Instant.now());
        byte[] bytes = signature.getBytes(StandardCharsets.UTF_8);
        try {
            // Over the one before, which needs no room.
            channel.write(ByteBuffer.wrap(bytes), 0);
            channel.truncate(bytes.length);
        } catch (IOException e) {
            LOG.warn("{} doesn't say who holds the lock: {}", file, Disk.reason(e));
        }
    }

    /** Whether the owner before has not said by {@link #close(boolean)} that all that it wrote is on the disk. */
    public boolean wasLeft() {
        return left;
    }

    /**
     * Gives the folder back.
     *
     * @param settled whether all of its files are on the disk
     */
    public void close(boolean settled) {
        if (settled) {
            sign(folder.resolve(NAME), channel, ENDED);
        }
        close();
    }

    private static String owner(Path file) throws IOException {
        String signature = UserFile.text(file, LONGEST).strip();
        return signature.isEmpty() ? "another process" : signature;
    }

    private static String taken(String what, Path folder, String owner) {
        return "The %s %s is in use by %s; wait for it or stop it, or choose another folder"
                .formatted(what, folder, owner);
    }

    @Override
    public void close() {
        try {
            Disk.write(folder, channel::close);
        } finally {
            HELD.remove(folder);
        }
    }
}
