package org.simreg.coordinator.api;

import java.nio.ByteBuffer;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointStored;
import org.simreg.proto.Hello;
import org.simreg.proto.Order;
import org.simreg.proto.Refused;
import org.simreg.proto.Report;

/**
 * Where workers attend. Called on the coordinator's own thread, but for the bytes of checkpoints.
 */
public interface WorkerDesk {
    /**
     * A worker begins to attend; its Welcome is sent before this returns.
     *
     * @throws Refused if its version differs or its name is taken
     */
    Seat attend(Hello hello, Line line);

    /**
     * A checkpoint begins to arrive.
     *
     * @throws Refused if its generation is not the job's current one
     */
    Upload put(CheckpointHeader header);

    /**
     * A stored checkpoint.
     *
     * @throws Refused if there is none
     */
    Download get(String job, long step);

    /** To one worker. */
    interface Line {
        /** Sends an order; what can't be sent any more is dropped. */
        void send(Order order);

        /** Ends the stream; the worker reads the reason in its status. */
        void end(Refused reason);
    }

    /** One worker that attends. */
    interface Seat {
        /** A report other than Hello. */
        void report(Report report);

        /** The stream is broken or was closed by the worker. */
        void lost(String reason);
    }

    /** A file that arrives; one thread at a time, not the coordinator's. */
    interface Upload extends AutoCloseable {
        /** Appends a part. */
        void write(ByteBuffer part);

        /**
         * Checks length and CRC32C, and makes the file durable; then, on the coordinator's thread,
         * {@link #store} follows.
         *
         * @throws Refused if they differ
         */
        void finish();

        /**
         * Puts it in the catalogue; on the coordinator's thread.
         *
         * @throws Refused if the generation is superseded by now
         */
        CheckpointStored store();

        /** Forgets what was not stored. */
        @Override
        void close();
    }

    /**
     * A file to be read; not on the coordinator's thread.
     *
     * @param header length and digests
     * @param file where it lies
     */
    record Download(CheckpointHeader header, java.nio.file.Path file) {}
}
