package org.simreg.worker.distill;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.simreg.proto.EvaluationDone;
import org.simreg.proto.Generation.Measurement;
import org.simreg.proto.JobStarted;
import org.simreg.proto.StepDone;
import org.simreg.worker.reduce.Reduce;
import org.simreg.worker.torchscript.StudentState;

/**
 * A job as one worker has loaded it: the parts of a step, the state that steps change, and what is
 * measured in between. It knows nothing of other workers. One thread uses it, the one that opened
 * it. Steps count from 0 here; a step is prepared, taken backward, and committed.
 */
public interface Training extends AutoCloseable {
    /** What clients are told; its resumed step is not set. */
    JobStarted started();

    /** SHA-256 over order and names of the train images, hexadecimal. */
    String dataSha256();

    /** Parts of a batch. */
    int microBatches();

    /** Backward passes of a micro-batch; each gives a leaf of the reduce. */
    int passes();

    /** Steps of the job. */
    long steps();

    /** A new scope for native memory; the caller closes it. */
    NDManager scope();

    /** A zeroed vector that {@link #backward} can fill. */
    NDArray newOut(NDManager scope);

    /** Steps in the state. */
    long committed();

    /**
     * Goes through a part of a step with a state of zeros and forgets it, before any state is
     * taken: then the first step doesn't take several times as long as those after it, and nobody
     * waits for a newcomer.
     */
    void rehearse();

    /** Takes the state that the job starts from, a pure function of the job. */
    void start();

    /** Takes a state that others computed. */
    void load(long step, StudentState state);

    /**
     * Takes a stored state.
     *
     * @throws org.simreg.proto.UserError if the file is damaged or of another job, data set or, for
     *     an exact job, numeric profile
     */
    void load(Path checkpoint);

    /** Which micro-batches of each step are computed from now on: [first, first + count). */
    void share(int first, int count);

    /**
     * Decodes the share of a step and shows it to the teachers, unless that is done; it is kept
     * until the step is committed.
     */
    void prepare(long step);

    /** Offers the leaves of the share of the step after {@link #committed}, which is prepared. */
    void backward(Reduce.Round round);

    /**
     * Changes the state by one step.
     *
     * @param mean of all leaves; overwritten
     */
    StepDone commit(NDArray mean);

    /** Keeps what happens between two steps out of their times. */
    void pause();

    /** What is to be measured before the next step, in order. */
    List<Measurement> due();

    /**
     * Measures it.
     *
     * @param stop asked now and then; once true, {@link org.simreg.worker.reduce.Abandoned} is
     *     thrown
     */
    EvaluationDone measure(Measurement what, BooleanSupplier stop);

    /** Whether all workers are to compare digests after the last commit. */
    boolean digestDue();

    /** Whether the job's settings ask for a checkpoint after the last commit; the end does. */
    boolean checkpointDue();

    /** A copy of the state; waits for the device. */
    Snapshot snapshot();

    @Override
    void close();

    /** A state at the end of a step, in the computer's memory. Any thread may use it. */
    interface Snapshot {
        /** Steps in it. */
        long step();

        /** Flat vectors, not to be changed. */
        StudentState state();

        /** {@link StudentState#sha256}; computed when first asked for. */
        String sha256();

        /** Writes it in one move as a checkpoint of the job. */
        void write(Path file);
    }

    /** Opens jobs. */
    interface Opener {
        /**
         * Loads data, teachers and student; takes seconds.
         *
         * @param job completed
         * @param notices sentences for people, also from decode threads
         * @throws org.simreg.proto.UserError if something the job names can't be used
         */
        Training open(org.simreg.proto.Job job, java.util.function.Consumer<String> notices);
    }
}
