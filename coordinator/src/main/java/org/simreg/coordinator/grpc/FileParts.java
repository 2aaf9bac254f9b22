package org.simreg.coordinator.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.function.Function;
import org.simreg.proto.Version;
import org.simreg.worker.base.io.UserFile;

/**
 * An answer with one file: a header, then the file piece by piece.
 *
 * @param <T> a part of the answer
 */
public final class FileParts<T> implements StreamedAnswer.Parts<T> {
    private final T header;
    private final OpenFile file;
    private final Function<ByteString, T> message;
    private boolean begun;

    /**
     * @param file closed with this
     * @param message makes the part that holds a piece
     */
    public FileParts(T header, OpenFile file, Function<ByteString, T> message) {
        this.header = header;
        this.file = file;
        this.message = message;
    }

    @Override
    public T next() throws IOException {
        if (!begun) {
            begun = true;
            return header;
        }
        return file.isRead() ? null : message.apply(file.next());
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** A file that is read piece by piece and must stay what it was at the first. */
    public static final class OpenFile implements AutoCloseable {
        /**
         * Bytes of a piece; a client that doesn't read its answer keeps one or two of them here.
         */
        static final int PIECE = 1 << 18;

        private final Path path;
        private final boolean removable;
        private final FileChannel channel;
        private final Version version;
        private long read;

        private OpenFile(Path path, boolean removable) throws IOException {
            this.path = path;
            this.removable = removable;
            version = version(path);
            channel = UserFile.open(path);
        }

        /**
         * A file that must be there until it is read.
         *
         * @throws IOException if it can't be read, or is no file
         */
        public static OpenFile of(Path path) throws IOException {
            return new OpenFile(path, false);
        }

        /**
         * A file that may be removed, though not changed, while it is read.
         *
         * @throws IOException if it can't be read, or is no file
         */
        static OpenFile removable(Path path) throws IOException {
            return new OpenFile(path, true);
        }

        /** The length of a file now, and when it was last changed. */
        public static Version version(Path path) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            if (!attributes.isRegularFile()) {
                throw new AccessDeniedException(path.toString(), null, "it is no file");
            }
            Instant modified = attributes.lastModifiedTime().toInstant();
            return Version.newBuilder()
                    .setLength(attributes.size())
                    .setModifiedNs(modified.getEpochSecond() * 1_000_000_000L + modified.getNano())
                    .build();
        }

        public Version version() {
            return version;
        }

        /** Whether all of it was read. */
        public boolean isRead() {
            return read == version.getLength();
        }

        /**
         * The next piece, at most {@link #PIECE} bytes; empty only if the file is. The last one is
         * given once it is sure that the file is still the same.
         *
         * @throws StatusRuntimeException if it has changed meanwhile; names it
         */
        public ByteString next() throws IOException {
            long left = version.getLength() - read;
            ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, left));
            while (piece.hasRemaining() && channel.read(piece) >= 0) {
                continue;
            }
            read += piece.flip().remaining();
            boolean cut = piece.limit() < piece.capacity();
            if (cut || isRead()) {
                requireUnchanged();
            }
            return UnsafeByteOperations.unsafeWrap(piece);
        }

        private void requireUnchanged() throws IOException {
            Version now;
            try {
                now = version(path);
            } catch (NoSuchFileException e) {
                if (removable && isRead()) {
                    return;
                }
                throw e;
            }
            if (!now.equals(version) || !isRead()) {
                throw Status.FAILED_PRECONDITION
                        .withDescription(
                                "%s has changed while it was read: it had %d bytes and has %d now; leave the files of a running job alone, and resume it"
                                        .formatted(path, version.getLength(), now.getLength()))
                        .asRuntimeException();
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
