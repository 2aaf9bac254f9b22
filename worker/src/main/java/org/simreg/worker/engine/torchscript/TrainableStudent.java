package org.simreg.worker.engine.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.OptionalDouble;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * A student in training: its state, which only {@link #update} changes, and the calls that a step
 * consists of. One thread uses it. {@link StepModule} is the one of real jobs.
 */
public interface TrainableStudent extends AutoCloseable {
    /** A zeroed vector for {@link #backward}: gradient, batch statistics, loss, padding. */
    NDArray newOut(NDManager scope);

    /**
     * Forward pass, loss and gradient of one micro-batch; the loss is written by {@link LossCode}.
     *
     * @param images (N, H, W, 3) uint8
     * @param targets for each head (N, D), rows of any length but zero
     * @param out overwritten with the gradient of the mean loss, the batch statistics and the loss
     * @param seed of what the student draws (dropout)
     */
    void backward(NDArray images, NDArray[] targets, NDArray out, long seed);

    /**
     * The loss in an out vector, or the mean loss in a mean of them, at least 0; waits for the
     * device.
     */
    float loss(NDArray out);

    /**
     * The same, read behind what computes now: only who asks for it waits, and not for what is computed after this call.
     *
     * @return asked once
     */
    default DoubleSupplier lossAhead(NDArray out) {
        return () -> loss(out);
    }

    /**
     * The digest of the state as it is now, {@link StudentState#sha256}. On a device that computes while the host goes
     * on, the state is copied behind what computes now, and who asks waits for the copy and hashes it.
     *
     * @return asked once, before the next update
     */
    default Supplier<String> digestAhead() {
        String digest = state().sha256();
        return () -> digest;
    }

    /**
     * One step of the optimizer.
     *
     * @param mean mean of the micro-batches' out vectors; overwritten
     * @return norm of the mean gradient, if it is clipped: as it was before; waits for the device then, unless {@link
     *     #lossAhead} was asked of this mean: it has come with the loss
     */
    OptionalDouble update(NDArray mean, Rates rates);

    /**
     * The numbers of a step that change from step to step.
     *
     * @param step from 0
     * @param rate learning rate
     * @param teacherDecay part of the momentum teacher that stays; unused without one
     * @param emaDecay part of the student's average that stays; unused without one
     */
    record Rates(long step, double rate, double teacherDecay, double emaDecay) {
        /** Of a first step without averages. */
        public static Rates of(double rate) {
            return new Rates(0, rate, 0, 0);
        }
    }

    /** The momentum teacher's projection (N, D) of the images; any length. */
    NDArray project(NDManager scope, NDArray images);

    /** A copy of the state as it is now; waits for the device. */
    StudentState state();

    @Override
    void close();
}
