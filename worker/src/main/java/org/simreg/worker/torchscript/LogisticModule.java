package org.simreg.worker.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;

/**
 * Rows and classes of a multinomial logistic regression on the device, and its objective. Weights
 * are (C, D) row-major, then the bias (C), float64. Rows take {@code 4 D} bytes each.
 */
public final class LogisticModule implements AutoCloseable {
    private final Torch torch;
    private final TorchModule module;
    private final NDManager kept;
    private final NDArray mean;
    private final NDArray scale;
    private final int classes;
    private final int width;
    private long rows;

    /**
     * Without rows.
     *
     * @param mean (D) taken from every row
     * @param scale (D) that the difference is multiplied by
     */
    public LogisticModule(Torch torch, float[] mean, float[] scale, int classes) {
        this.torch = torch;
        this.classes = classes;
        width = mean.length;
        torch.enter();
        kept = torch.scope();
        this.mean = kept.create(mean);
        this.scale = kept.create(scale);
        module =
                TorchModule.load(
                        torch,
                        CodeArchive.of(
                                LogisticCode.CLASS,
                                List.of("rows", "labels"),
                                LogisticCode.of(classes, width)));
    }

    /**
     * Adds rows.
     *
     * @param values (n, D) row-major
     * @param labels (n) classes
     */
    public void add(float[] values, long[] labels) {
        NDArray chunk = kept.create(labels);
        try (NDManager scope = torch.scope()) {
            NDArray raw = scope.create(values, new Shape(labels.length, width));
            module.call(scope, "add", raw, chunk, mean, scale);
        }
        rows += labels.length;
    }

    /** Number of weights and biases. */
    public int length() {
        return classes * width + classes;
    }

    /** Rows added. */
    public long rows() {
        return rows;
    }

    /**
     * Mean cross entropy plus {@code penalty / 2} times the sum of the squared weights; the bias is
     * not penalised.
     *
     * @param weights {@link #length} numbers
     * @param gradient overwritten with the gradient
     * @return the objective
     */
    public double objective(double[] weights, double penalty, double[] gradient) {
        try (NDManager scope = torch.scope()) {
            NDArray result =
                    module.call(
                                    scope,
                                    "objective",
                                    scope.create(weights),
                                    scope.create(penalty),
                                    scope.create(1.0 / rows))
                            .get(0);
            double[] values = result.toDoubleArray();
            System.arraycopy(values, 1, gradient, 0, gradient.length);
            return values[0];
        }
    }

    /**
     * How well weights do on these rows.
     *
     * @return mean cross entropy, part of the rows whose class is the likeliest, part whose class
     *     is among the five likeliest
     */
    public double[] score(double[] weights) {
        try (NDManager scope = torch.scope()) {
            double[] sums =
                    module.call(scope, "score", scope.create(weights)).get(0).toDoubleArray();
            for (int i = 0; i < sums.length; i++) {
                sums[i] /= rows;
            }
            return sums;
        }
    }

    @Override
    public void close() {
        module.close();
        kept.close();
    }
}
