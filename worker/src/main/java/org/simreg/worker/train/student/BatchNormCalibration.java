package org.simreg.worker.train.student;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.simreg.worker.data.loader.Batch;
import org.simreg.worker.data.loader.BatchStream;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.engine.torchscript.TrainableStudent;

/**
 * BatchNorm statistics for the evaluation of an untrained student, measured over some
 * micro-batches: with the initial 0 and 1 BatchNorm would be switched off, and the student another
 * network than the one that training starts from.
 */
public final class BatchNormCalibration {
    /** Enough for means and variances over a thousand images at the usual 64 a micro-batch. */
    public static final int MICRO_BATCHES = 16;

    private BatchNormCalibration() {}

    /**
     * The student's state with the mean statistics of some micro-batches; the student itself is
     * left as it is.
     *
     * @param batches gives at least {@code count} micro-batches; the first view of each is used
     */
    public static StudentState state(
            Torch torch, TrainableStudent student, StudentNetwork trained, BatchStream batches, int count) {
        StudentState state = student.state();
        double[] sums = new double[state.statistics().length];
        try (NDManager scope = torch.scope()) {
            NDArray out = student.newOut(scope);
            for (int i = 0; i < count; i++) {
                add(torch, student, trained, batches, out);
                float[] values = out.toFloatArray();
                for (int j = 0; j < sums.length; j++) {
                    sums[j] += values[state.weights().length + j];
                }
            }
        }
        float[] statistics = new float[sums.length];
        for (int j = 0; j < sums.length; j++) {
            statistics[j] = (float) (sums[j] / count);
        }
        return new StudentState(state.weights(), state.moments(), statistics, state.average(), state.ema());
    }

    /** The targets don't matter for the statistics. */
    private static void add(
            Torch torch, TrainableStudent student, StudentNetwork trained, BatchStream batches, NDArray out) {
        try (Batch batch = batches.next();
                NDManager step = torch.scope()) {
            NDArray images = Torch.images(step, batch.views(0), batch.size(), batch.viewSize(0));
            NDArray[] targets = trained.targetWidths().stream()
                    .map(width -> step.zeros(new Shape(batch.size(), width)))
                    .toArray(NDArray[]::new);
            student.backward(images, targets, out, 0);
        }
    }
}
