package org.simreg.coordinator.job;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;
import org.simreg.proto.Refused;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.JobEvent;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Progress;
import org.simreg.proto.StepDone;

/**
 * The files of one run: events, metrics, ledger, checkpoints, exports. Called on the coordinator's
 * thread, but for {@link Upload}. What is appended is handed to the operating system before the
 * call returns (it outlives the process), and is durable after {@link #sync}.
 */
public interface JobFiles extends AutoCloseable {
    /**
     * Appends an event to the event log and to the metrics.
     *
     * @return its sequence number
     */
    long append(Progress event);

    /** Sequence number of the next event. */
    long nextSequence();

    /**
     * Events of the past.
     *
     * @param from first sequence number
     * @param most events at most
     * @return in order; empty if there is none from there on
     */
    List<JobEvent> read(long from, int most);

    /** Where the ledger stands. */
    LedgerHead head();

    /**
     * Appends a step to the ledger; its event is appended by the caller.
     *
     * @param commit the step after {@link #head}
     * @param step what a member told of it
     */
    void commit(LedgerEntry.Commit commit, StepDone step);

    /** Takes steps back: {@link #head} is that of the rewind's step, which is not above it. */
    void rewind(LedgerEntry.Rewind rewind);

    /** The steps of an epoch that are in the ledger: of the head's epoch, or of the one before. */
    EpochSum sum(int epoch);

    /** Makes durable what was appended; cheap if nothing was. */
    void sync();

    /**
     * The newest stored checkpoint that the ledger reaches.
     *
     * @param most step that it may have at most
     */
    OptionalLong newestCheckpoint(long most);

    /** A checkpoint begins to arrive; nothing of it is in the catalogue before it is stored. */
    Upload receive(CheckpointHeader header);

    /**
     * A stored checkpoint.
     *
     * @throws org.simreg.proto.Refused of kind UNKNOWN if there is none of that step
     */
    Download checkpoint(long step);

    /**
     * Writes the student's exports from the newest checkpoint, on another thread.
     *
     * @return files, relative to the run folder
     */
    CompletionStage<List<String>> export();

    /** Writes the report from the metrics, on another thread. */
    CompletionStage<Void> report();

    /** Releases the folder. */
    @Override
    void close();

    /** A checkpoint that arrives; one thread at a time, not the coordinator's. */
    interface Upload extends AutoCloseable {
        /** Appends a part. */
        void write(ByteBuffer part);

        /**
         * Checks length, CRC32C and what the file says of itself, and makes it durable under a name
         * that is not in the catalogue; then, on the coordinator's thread, {@link #store} follows.
         *
         * @throws org.simreg.proto.Refused of kind DAMAGED if it is not what was sent
         */
        void finish();

        /**
         * Puts it in the catalogue and removes the oldest; on the coordinator's thread.
         *
         * @throws org.simreg.proto.Refused if the job has no use for it by now
         */
        CheckpointWritten store();

        /** Removes what was not stored. */
        @Override
        void close();
    }

    /**
     * A stored checkpoint, to be read; not on the coordinator's thread.
     *
     * @param header length and digests
     * @param file where it lies
     */
    record Download(CheckpointHeader header, Path file) {}
}
