package org.simreg.worker.features.probe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;

/**
 * Rows and classes of a multinomial logistic regression on the device, and its objective. Weights
 * are (C, D) row-major, then the bias (C), float64. Rows take {@code 4 D} bytes each.
 */
final class LogisticModule implements AutoCloseable {
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
    LogisticModule(Torch torch, float[] mean, float[] scale, int classes) {
        this.torch = torch;
        this.classes = classes;
        width = mean.length;
        torch.enter();
        kept = torch.scope();
        this.mean = kept.create(mean);
        this.scale = kept.create(scale);
        module = TorchModule.load(
                torch, CodeArchive.of(LogisticCode.CLASS, List.of("rows", "labels"), LogisticCode.of(classes, width)));
    }

    /**
     * Adds rows.
     *
     * @param values (n, D) row-major
     * @param labels (n) classes
     */
    void add(float[] values, long[] labels) {
        NDArray chunk = kept.create(labels);
        try (NDManager scope = torch.scope()) {
            NDArray raw = scope.create(values, new Shape(labels.length, width));
            module.call(scope, "add", raw, chunk, mean, scale);
        }
        rows += labels.length;
    }

    /** Number of weights and biases. */
    int length() {
        return classes * width + classes;
    }

    /** Rows added. */
    long rows() {
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
    double objective(double[] weights, double penalty, double[] gradient) {
        try (NDManager scope = torch.scope()) {
            NDArray result = module.call(
                            scope, "objective", scope.create(weights), scope.create(penalty), scope.create(1.0 / rows))
                    .get(0);
            double[] values = result.toDoubleArray();
            System.arraycopy(values, 1, gradient, 0, gradient.length);
            return values[0];
        }
    }

    /**
     * The score of weights on these rows.
     *
     * @return mean cross entropy, part of the rows whose class is the likeliest, part whose class
     *     is among the five likeliest
     */
    double[] score(double[] weights) {
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

    /**
     * Multinomial logistic regression as TorchScript: loss and gradient of all rows in one call, in
     * float64, because the line search of L-BFGS compares losses that differ in their last digits.
     * The rows lie in float32 chunks, standardised once.
     */
    private static final class LogisticCode {
        static final String CLASS = "Logistic";

        private static final int FLOAT64 = 7;

        private final ScriptSource source = new ScriptSource();
        private final int classes;
        private final int width;

        private LogisticCode(int classes, int width) {
            this.classes = classes;
            this.width = width;
        }

        static String of(int classes, int width) {
            LogisticCode code = new LogisticCode(classes, width);
            code.add();
            code.objective();
            code.score();
            return code.source.toString();
        }

        private void add() {
            source.method("add(self, rows: Tensor, labels: Tensor, mean: Tensor, scale: Tensor) -> Tensor");
            source.line("chunks = self.rows");
            source.line("self.rows = torch.append(chunks, torch.mul(torch.sub(rows, mean), scale))");
            source.line("all = self.labels");
            source.line("self.labels = torch.append(all, labels)");
            source.line("return labels");
        }

        private void parts() {
            source.line("w = torch.view(torch.narrow(weights, 0, 0, %d), [%d, %d])", classes * width, classes, width);
            source.line("b = torch.narrow(weights, 0, %d, %d)", classes * width, classes);
        }

        private void logits() {
            source.line("for i in range(torch.len(self.rows)):");
            source.line("  x = torch.to(self.rows[i], %d)", FLOAT64);
            source.line("  index = torch.view(self.labels[i], [-1, 1])");
            source.line("  logits = torch.addmm(b, x, torch.t(w))");
        }

        /**
         * Mean cross entropy and half the penalty times the squared weights, without the bias;
         * behind it the gradient in the order of the weights.
         */
        private void objective() {
            source.method("objective(self, weights: Tensor, penalty: Tensor, part: Tensor) -> Tensor");
            parts();
            source.line("loss = torch.mul(torch.mul(torch.sum(torch.mul(w, w)), penalty), 0.5)");
            source.line("gw = torch.mul(w, penalty)");
            source.line("gb = torch.zeros_like(b)");
            logits();
            source.line("  likely = torch.log_softmax(logits, 1, None)");
            source.line("  own = torch.gather(likely, 1, index)");
            source.line("  loss = torch.sub(loss, torch.mul(torch.sum(own), part))");
            source.line(
                    "  g = torch.mul(torch.scatter_add(torch.exp(likely), 1, index, torch.neg(torch.ones_like(own))), part)");
            source.line("  gw = torch.addmm(gw, torch.t(g), x)");
            source.line("  gb = torch.add(gb, torch.sum(g, [0]))");
            source.line("return torch.cat([torch.view(loss, [1]), torch.view(gw, [-1]), gb])");
        }

        /**
         * Sum of cross entropies, and how many rows have their class first and among the first
         * five.
         */
        private void score() {
            source.method("score(self, weights: Tensor) -> Tensor");
            parts();
            source.line("loss = torch.sum(torch.zeros_like(b))");
            source.line("first = torch.sum(torch.zeros_like(b))");
            source.line("five = torch.sum(torch.zeros_like(b))");
            logits();
            source.line(
                    "  loss = torch.sub(loss, torch.sum(torch.gather(torch.log_softmax(logits, 1, None), 1, index)))");
            source.line("  below = torch.sum(torch.lt(logits, torch.gather(logits, 1, index)), [1])");
            source.line("  first = torch.add(first, torch.sum(torch.ge(below, %d)))", classes - 1);
            source.line("  five = torch.add(five, torch.sum(torch.ge(below, %d)))", classes - 5);
            source.line("return torch.stack([loss, first, five])");
        }
    }
}
