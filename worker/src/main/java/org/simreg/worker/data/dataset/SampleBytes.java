package org.simreg.worker.data.dataset;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.simreg.proto.Version;

/** The bytes of one sample, read from the first to the last. */
public interface SampleBytes extends AutoCloseable {
    /** Their number, and what tells them from what they were before. */
    Version version();

    /**
     * The next bytes, until the buffer is full or they end.
     *
     * @throws IOException if they can't be read
     */
    void read(ByteBuffer into) throws IOException;

    /**
     * The version now.
     *
     * @throws java.nio.file.NoSuchFileException if they are gone
     */
    Version now() throws IOException;

    @Override
    void close() throws IOException;
}
