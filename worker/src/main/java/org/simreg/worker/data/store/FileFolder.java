package org.simreg.worker.data.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;

/** A folder that files are written to, each whole or not at all. Safe for all threads. */
public interface FileFolder {
    /** Bytes of a small file: a plan of shards, or the names of one shard's broken pictures. */
    int MOST_TEXT = 1 << 26;

    /** Where a file of it lies, for people; of an empty name the folder. */
    String place(String name);

    /**
     * Whether nothing lies in it, or it isn't there yet.
     *
     * @throws UserError if it can't be listed
     */
    boolean isEmpty();

    /**
     * The text of a file of at most {@link #MOST_TEXT} bytes in UTF-8; none if it isn't there.
     *
     * @throws UserError if it can't be read or is larger
     */
    Optional<String> text(String name);

    /**
     * What is known of a file that was written here; none if it isn't there.
     *
     * @throws UserError if it can't be read
     */
    Optional<Written> find(String name);

    /**
     * Writes a file in place of what has its name.
     *
     * @throws UserError if it can't be written; the name has what it had
     */
    Written write(String name, Content content);

    /** Writes a text in UTF-8. */
    default void write(String name, String text) {
        write(name, channel -> AtomicFile.put(channel, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
    }

    /**
     * A file in its place.
     *
     * @param bytes that it has
     * @param sha256 of these, 64 hexadecimal digits
     */
    record Written(long bytes, String sha256) {}

    /** The writer of a file's bytes. */
    interface Content {
        /**
         * @param channel at the file's beginning; closed by the caller
         */
        void write(WritableByteChannel channel) throws IOException;
    }
}
