package org.simreg.worker.data.cache;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.simreg.proto.ReadRequest.Wanted;
import org.simreg.proto.UserError;
import org.simreg.proto.Version;

/** The way to one part of a data set that lies far away, many samples at once. Safe for all threads. */
public interface SampleFetch {
    /**
     * Reads samples.
     *
     * @param samples what is wanted, each id once
     * @param wanted whether the caller still waits
     * @param taker gets every sample once, from any thread
     * @throws UserError if it can't be done
     * @throws CancellationException if it isn't wanted any more
     */
    void read(List<Wanted> samples, BooleanSupplier wanted, Consumer<Answer> taker);

    /** The answer for one sample. */
    sealed interface Answer {
        /** The id of the sample. */
        int id();

        /**
         * The sample's file, whole and checked.
         *
         * @param version its length is that of the data
         * @param crc32c of the data
         */
        record File(int id, Version version, ByteString data, int crc32c) implements Answer {}

        /** The answer that the version held by the asker is the present one. */
        record Unchanged(int id) implements Answer {}

        /** The answer that nobody can read the file. */
        record Unreadable(int id, String reason) implements Answer {}
    }
}
