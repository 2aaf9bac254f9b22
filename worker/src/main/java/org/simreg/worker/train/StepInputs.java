package org.simreg.worker.train;

import ai.djl.ndarray.NDArray;
import java.util.List;
import org.simreg.worker.engine.torchscript.TrainableStudent;

/**
 * The inputs of each step on one member: images and targets of its share of the micro-batches, made
 * ahead of need. One thread uses it; steps count from 0. {@code TeacherInputs} are those of real
 * jobs.
 */
public interface StepInputs {
    /**
     * One backward pass of a micro-batch: a leaf of the reduce. BatchNorm sees these images and no
     * others.
     */
    interface MicroBatch {
        /** Its number among all leaves of the step. */
        int leaf();

        /** The student's views, (N, H, W, 3) uint8. */
        NDArray images();

        /**
         * The target of each head, (N, D) float32.
         *
         * @param student asked by a momentum teacher, which is the student's own average
         */
        NDArray[] targets(TrainableStudent student);

        /** Seed of what the student draws. */
        long draws();
    }

    /** Backward passes of a micro-batch. */
    int passes();

    /**
     * Which micro-batches of each step are made from now on: [first, first + count). What is ready of them may stay so.
     */
    void share(int first, int count);

    /**
     * Makes the share of a step ready, unless it is; it is kept until it is released. Nothing is
     * done for a step behind the last.
     */
    void prepare(long step);

    /** The share of a step that is ready, in ascending order of the leaves. */
    List<? extends MicroBatch> of(long step);

    /** Releases what is ready for the steps up to this one. */
    void release(long step);

    /** Releases all that is ready; it can be made again. */
    void clear();
}
