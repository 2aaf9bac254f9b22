package org.simreg.worker.data.dataset;

import java.io.IOException;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.simreg.worker.data.image.FileBuffer;
import org.simreg.worker.data.image.ImageDecoder;

/** The reader of the files of an image list's samples. Safe for all threads. */
public interface SampleSource {
    /** How many requests it wants to hear of before they are decoded; 0 if that gains nothing. */
    int lookahead();

    /** The bytes of a sample's file; -1 where that isn't known or can't be found out. */
    default long bytes(int id) {
        return -1;
    }

    /** Where a sample lies, for people; empty where that is the data set's path with the sample's behind. */
    default Optional<String> location(int id) {
        return Optional.empty();
    }

    /**
     * Told about samples that will be read soon. Returns at once.
     *
     * @param wanted whether they still will; asked from any thread
     */
    void ahead(int[] ids, BooleanSupplier wanted);

    /**
     * Reads the whole file of a sample.
     *
     * @param wanted whether the caller still waits; asked now and then where it takes long
     * @throws ImageDecoder.UnreadableImage if there is no such file any more, or none for this
     *     source; everybody who reads the same storage finds so
     * @throws IOException if the file can't be read
     * @throws java.util.concurrent.CancellationException if it isn't wanted any more
     */
    void read(int id, FileBuffer into, BooleanSupplier wanted) throws IOException;

    /** A source that this process reads itself, and can pass on. */
    interface Stored extends SampleSource {
        /**
         * Opens a sample, to be sent piece by piece.
         *
         * @throws java.nio.file.NoSuchFileException if it isn't there
         * @throws java.nio.file.AccessDeniedException if it may not be read, or is no file
         * @throws IOException if it can't be read now
         */
        SampleBytes open(int id) throws IOException;
    }
}
