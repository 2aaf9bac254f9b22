package org.simreg.worker.data.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
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

    /**
     * Opens a file.
     *
     * @throws IOException if it can't be read
     */
    Reader open(StoredFile file) throws IOException;

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
