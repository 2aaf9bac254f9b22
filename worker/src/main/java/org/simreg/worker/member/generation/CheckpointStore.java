package org.simreg.worker.member.generation;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.Abandoned;

/** The store of checkpoints at the coordinator, as a worker uses it. Its methods block. */
public interface CheckpointStore {
    /** The bytes of a file that is not on a disk. */
    interface Content {
        /**
         * Writes all of them, every time the same.
         *
         * @param out not to be closed
         * @throws IOException if the stream does
         */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Stores a file.
     *
     * @param header length and digests of the content
     * @throws Abandoned if its generation is superseded: nothing was stored
     * @throws Unreachable if the coordinator is away or can't store it; later it may work
     */
    void put(CheckpointHeader header, Content content);

    /**
     * Reads a stored file back.
     *
     * @param file written anew
     * @throws UserError if there is none of that step, or what came is damaged
     * @throws Unreachable if the coordinator is away
     */
    void get(String job, long step, Path file);

    /** A failure that may pass: the coordinator doesn't answer, or can't now. */
    final class Unreachable extends RuntimeException {
        private static final long serialVersionUID = 1;

        /**
         * @param reason one sentence
         */
        public Unreachable(String reason, Throwable cause) {
            super(reason, cause);
        }
    }
}
