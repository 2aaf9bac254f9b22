package org.simreg.worker.data.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.simreg.proto.UserError;

/** The storage that files of samples lie on. Safe for all threads. */
public interface FileStore {
    /**
     * The files that a pattern names, in byte order of their paths.
     *
     * @param pattern path with {@code *} and {@code ?} in the file's name, and <code>{000..146}</code> or <code>{a,b}</code>
     *     anywhere
     * @throws UserError if there is none, one of the range is missing, or one may not be read
     */
    List<StoredFile> find(String pattern);

    /** Threads that together read as fast as the storage allows. */
    int threads();

    /** Bytes that a request takes hardly longer for than for one. */
    int cheapBytes();

    /**
     * Opens a file.
     *
     * @param wanted whether the caller still waits; asked now and then where reading takes long
     * @throws IOException if it can't be read
     */
    Reader open(StoredFile file, BooleanSupplier wanted) throws IOException;

    /** Opens a file for a caller that waits. */
    default Reader open(StoredFile file) throws IOException {
        return open(file, () -> true);
    }

    /** The reader of one file's stretches. Belongs to one thread. */
    interface Reader extends AutoCloseable {
        /**
         * Reads from a place on until the buffer is full or the file ends.
         *
         * @throws IOException if it can't be read, or isn't the file that was listed
         */
        void read(long from, ByteBuffer into) throws IOException;

        @Override
        void close() throws IOException;
    }
}
