package org.simreg.coordinator.job;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.simreg.proto.CheckpointHeader;
import org.simreg.proto.CheckpointWritten;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.JobEvent;
import org.simreg.proto.JobRecord;
import org.simreg.proto.LedgerEntry;
import org.simreg.proto.Progress;
import org.simreg.proto.Refused;
import org.simreg.proto.StepDone;
import org.simreg.proto.SubmitRequest;
import org.simreg.proto.UserError;

/**
 * The files of one run: events, metrics, ledger, checkpoints, exports. Called on the coordinator's thread, but for
 * {@link Upload}. In a coordinator of a cluster {@code TimedRunFolders} hands calls to a {@code simreg-folders} thread
 * and waits for most of them, but not for ever; in {@code simreg distill} the coordinator's thread touches the files
 * itself. What is appended is handed to the operating system before the call returns (it outlives
 * the process), and is durable after {@link #sync}.
 */
public interface RunFiles extends AutoCloseable {
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

    /** The evaluations of the student and of its average that count, without examples. */
    List<EvaluationDone> evaluations();

    /** Makes durable what was appended; cheap if nothing was. */
    void sync();

    /**
     * As {@link #sync}, on another thread if the disk may be slow. Until it is done the files take
     * no other call in time.
     */
    default CompletionStage<Void> syncLater() {
        sync();
        return CompletableFuture.completedFuture(null);
    }

    /** Takes what is told when the files don't answer in time, before {@link FilesUnavailable} is thrown. */
    default void whenHung(Consumer<FilesUnavailable> listener) {}

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
     * @throws Refused of kind UNKNOWN if there is none of that step
     */
    Download checkpoint(long step);

    /**
     * Writes the student's exports from the newest checkpoint, and those of the best student where it is kept, on
     * another thread.
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
         * that is not in the catalogue; then, begun on the coordinator's thread, {@link #store} follows.
         *
         * @throws Refused of kind DAMAGED if it is not what was sent
         */
        void finish();

        /**
         * Puts it in the catalogue and removes the oldest; begun on the coordinator's thread, which doesn't wait for the
         * disk.
         *
         * @return fails with {@link Refused} if the job has no use for it by now
         */
        CompletionStage<CheckpointWritten> store();

        /** Removes what was not stored. */
        @Override
        void close();
    }

    /**
     * A stored checkpoint, to be read; not on the coordinator's thread.
     *
     * @param said gives length and digests; may read the whole file
     * @param file where it lies
     */
    record Download(Supplier<CheckpointHeader> said, Path file) {
        /** With a header that is known. */
        public Download(CheckpointHeader header, Path file) {
            this(() -> header, file);
        }

        public CheckpointHeader header() {
            return said.get();
        }
    }

    /** The run folders of all jobs: makes and opens their files. */
    interface JobFolders {
        /**
         * Makes a job's folder, or takes over the run that lies in it; what the files hold is durable.
         *
         * @param record complete; {@link JobRecord#getFolder} says where
         * @param existing what happens if the folder holds a run
         * @throws Refused of kind EXISTS if the folder is taken
         * @throws UserError if it can't be made, or the run in it is another job's and can't be
         *     continued
         */
        RunFiles create(JobRecord record, SubmitRequest.Existing existing);

        /**
         * Opens the folder of a job that was made before, also of one that has ended; what the files hold is durable.
         *
         * @throws UserError if it is gone, damaged, or another process has it open
         */
        RunFiles open(JobRecord record);

        /** As {@link #open}, on another thread if the disk may be slow. */
        default CompletionStage<RunFiles> openLater(JobRecord record) {
            try {
                return CompletableFuture.completedFuture(open(record));
            } catch (RuntimeException | Error e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        /** As {@link #openLater}; fails with {@link FilesUnavailable} if it isn't done in time. */
        default CompletionStage<RunFiles> openInTime(JobRecord record) {
            return openLater(record);
        }

        /**
         * As {@link #create}, on another thread if the disk may be slow; fails with {@link FilesUnavailable} if it isn't done
         * in time.
         *
         * @param check what is done before on that thread: whether the job's paths are allowed
         */
        default CompletionStage<RunFiles> createLater(
                JobRecord record, SubmitRequest.Existing existing, Runnable check) {
            try {
                check.run();
                return CompletableFuture.completedFuture(create(record, existing));
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        /** Why exports and reports stand still, as a sentence; empty if they don't. */
        default Optional<String> trouble() {
            return Optional.empty();
        }
    }

    /**
     * The sums over the steps of one epoch that are in the ledger, what was taken back aside.
     *
     * @param steps how many
     * @param losses sum of their losses, added in the order of the steps
     * @param seconds sum of their wall times; of steps from before the ledger was opened, by the
     *     times of its lines
     * @param images sum of their samples
     */
    record EpochSum(long steps, double losses, double seconds, long images) {
        /** No step yet. */
        public static final EpochSum EMPTY = new EpochSum(0, 0, 0, 0);
    }

    /**
     * The last step of a job's ledger, what was taken back aside.
     *
     * @param step last step in it, from 1; 0 if there is none
     * @param epoch of that step, from 1; 0 if there is none
     * @param loss of that step; 0 if there is none
     * @param generation last one that the ledger names, also where its steps were taken back; 0 if
     *     there is none. A job that takes the run over numbers its generations from there on
     */
    record LedgerHead(long step, int epoch, float loss, long generation) {
        /** An empty ledger. */
        public static final LedgerHead EMPTY = new LedgerHead(0, 0, 0, 0);
    }

    /**
     * The exception of files that can't be used for now: they don't answer, as on a mount whose server is gone, or there
     * is no room for them. What was asked of them may still happen.
     */
    final class FilesUnavailable extends Refused {
        private static final long serialVersionUID = 1;

        private final String waits;
        private final String waited;
        private final transient CompletionStage<?> end;

        private FilesUnavailable(String message, String waits, String waited, CompletionStage<?> end) {
            super(Kind.UNAVAILABLE, message);
            this.waits = waits;
            this.waited = waited;
            this.end = end;
        }

        /**
         * Of files that don't answer.
         *
         * @param folder that doesn't answer
         * @param end of what was asked, whether it succeeds or fails; it may never come
         */
        public static FilesUnavailable hang(Path folder, CompletionStage<?> end) {
            return new FilesUnavailable(
                    "%s does not answer: look whether its storage is there; ask again when it is".formatted(folder),
                    "waits for its run folder %s, which does not answer".formatted(folder),
                    "The run folder did not answer",
                    end);
        }

        /** Of a folder that is just being opened. */
        static FilesUnavailable opening(Path folder) {
            return new FilesUnavailable(
                    "%s is being opened; ask again".formatted(folder),
                    "waits for its run folder %s to be opened".formatted(folder),
                    "The run folder was being opened",
                    CompletableFuture.completedFuture(null));
        }

        /**
         * Of files that lack room, descriptors or memory.
         *
         * @param failure what failed and why
         * @param end when it is worth a try again
         */
        static FilesUnavailable shortage(String failure, CompletionStage<?> end) {
            return new FilesUnavailable(
                    "The job waits, as the coordinator is short: %s; ask again when that is mended".formatted(failure),
                    "goes on by itself when this works again: %s".formatted(failure),
                    "The job has waited (%s)".formatted(failure),
                    end);
        }

        /** What the job does meanwhile, for people. */
        String waits() {
            return waits;
        }

        /** What the job has done, for people; "for N s" follows. */
        String waited() {
            return waited;
        }

        /** The end of what was asked. */
        CompletionStage<?> end() {
            return end;
        }
    }
}
