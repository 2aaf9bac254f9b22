package org.simreg.worker.base.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.WatchedPool;

/** The writer of files that appear whole or not at all, also after a loss of power. */
public final class AtomicFile {
    private static final Set<StandardOpenOption> NEW =
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);

    private static final int PIECE = 4 << 20;

    private AtomicFile() {}

    /** The writer of a file's bytes. */
    @FunctionalInterface
    public interface Content {
        /**
         * @param channel at position 0; closed by the caller
         */
        void write(FileChannel channel) throws IOException;
    }

    /**
     * Writes beside the target, forces to the disk, then takes the target's place. Folders on the
     * way are made.
     *
     * @throws UserError if the file can't be written; nothing is left behind
     */
    public static void write(Path target, Content content) {
        Path file = target.toAbsolutePath();
        Path folder = file.getParent();
        Path draft = folder.resolve(".%s.%x.%x.tmp"
                .formatted(file.getFileName(), ProcessHandle.current().pid(), System.nanoTime()));
        try {
            Files.createDirectories(folder);
            fill(draft, content);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
            Disk.forceFolder(folder);
        } catch (IOException e) {
            discard(draft, e);
            String failed = "Can't write %s: %s".formatted(target, Disk.reason(e));
            throw Disk.failure(failed, "", "; give a folder that is writable and has room", e);
        } catch (RuntimeException | Error e) {
            discard(draft, e);
            throw e;
        }
    }

    /** Writes all that remains of the buffer, in pieces, each of which is progress. */
    public static void put(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        int end = bytes.limit();
        while (bytes.position() < end) {
            bytes.limit(Math.min(end, bytes.position() + PIECE));
            channel.write(bytes);
            bytes.limit(end);
            WatchedPool.progress();
        }
    }

    private static void fill(Path draft, Content content) throws IOException {
        try (FileChannel channel = FileChannel.open(draft, NEW, PrivateFiles.in(draft.getParent()))) {
            content.write(channel);
            channel.force(true);
        }
    }

    private static void discard(Path draft, Throwable cause) {
        try {
            Files.deleteIfExists(draft);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
