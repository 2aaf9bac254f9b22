package org.simreg.worker.base.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file for a moment, which nobody else may read: deleted when it is closed. All files of a process lie in a folder of
 * its own below the machine's folder for temporary files; the next process of the same user deletes the folders of those
 * that were killed. Which live is told by a lock that the operating system gives back.
 */
public final class TempFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TempFile.class);
    private static final String PREFIX = "simreg-tmp-";
    private static final String LOCK = ".lock";

    /** The folder of this process, once it was needed; the lock is held as long as the process lives. */
    private static Path own;

    private static FileChannel lock;

    private final Path path;

    private TempFile(Path path) {
        this.path = path;
    }

    /**
     * Makes an empty file.
     *
     * @param name how it ends
     */
    public static TempFile make(String name) throws IOException {
        return new TempFile(Files.createTempFile(folder(), "", name));
    }

    public Path path() {
        return path;
    }

    private static synchronized Path folder() throws IOException {
        if (own == null || !Files.isDirectory(own)) {
            Path all = Path.of(System.getProperty("java.io.tmpdir"));
            clear(all);
            Path made = Files.createTempDirectory(all, PREFIX);
            lock = FileChannel.open(made.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            if (lock.tryLock() == null) {
                throw new IOException("a folder that was just made is locked: " + made);
            }
            own = made;
            // At the end of the process in reverse order.
            made.toFile().deleteOnExit();
            made.resolve(LOCK).toFile().deleteOnExit();
        }
        return own;
    }

    /** Deletes the folders that processes of this user have left which live no more. */
    static synchronized void clear(Path all) {
        try (DirectoryStream<Path> found = Files.newDirectoryStream(all, PREFIX + "*")) {
            String user = System.getProperty("user.name");
            for (Path folder : found) {
                // To open the file of a lock that is held would give it back.
                boolean ours = !folder.equals(own)
                        && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                        && Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS)
                                .getName()
                                .equals(user);
                if (ours && isLeft(folder)) {
                    delete(folder);
                }
            }
        } catch (IOException e) {
            LOG.debug("What killed processes have left in {} stays", all, e);
        }
    }

    /** Nobody but the maker locks it; one without a lock is just being made, or was never used. */
    private static boolean isLeft(Path folder) throws IOException {
        Path file = folder.resolve(LOCK);
        if (!OwnFolder.isFile(file)) {
            return false;
        }
        try (FileChannel channel = OwnFolder.open(file, StandardOpenOption.WRITE);
                FileLock taken = channel.tryLock()) {
            return taken != null;
        } catch (OverlappingFileLockException ours) {
            return false;
        }
    }

    private static void delete(Path folder) throws IOException {
        try (OwnFolder open = OwnFolder.open(folder)) {
            for (String name : List.copyOf(open.names())) {
                open.delete(name);
            }
        }
        Files.delete(folder);
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(path);
    }
}
