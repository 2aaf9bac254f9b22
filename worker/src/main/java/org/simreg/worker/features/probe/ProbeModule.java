package org.simreg.worker.features.probe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.simreg.worker.engine.torch.CodeArchive;
import org.simreg.worker.engine.torch.ScriptSource;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torch.TorchModule;

/**
 * Linear probes on standardised features while they train, one for every learning rate. See {@link
 * ProbeCode} for the arithmetic.
 */
final class ProbeModule implements AutoCloseable {
    private final Torch torch;
    private final TorchModule module;
    private final NDManager kept;
    private final int rates;
    private final int classes;
    private final int width;

    /**
     * The state that all probes begin with.
     *
     * @param mean (D) taken from every row
     * @param scale (D) that the difference is multiplied by
     * @param weights (C, D) row-major
     * @param bias (C)
     */
    record Start(float[] mean, float[] scale, float[] weights, float[] bias) {}

    /** The constants of SGD: number of learning rates, momentum, L2 penalty on weights and bias. */
    record Sgd(int rates, double momentum, double weightDecay) {}

    /** Copies the start to the device, for every rate. */
    ProbeModule(Torch torch, Start start, Sgd sgd) {
        this.torch = torch;
        rates = sgd.rates();
        width = start.mean().length;
        classes = start.bias().length;
        torch.enter();
        kept = torch.scope();
        long rows = (long) rates * classes;
        NDArray[] state = {
            kept.create(start.mean()),
            kept.create(start.scale()),
            kept.create(repeated(start.weights(), rates), new Shape(rows, width)),
            kept.create(repeated(start.bias(), rates)),
            kept.zeros(new Shape(rows, width)),
            kept.zeros(new Shape(rows)),
            kept.zeros(new Shape(rates))
        };
        module = TorchModule.load(
                torch, CodeArchive.of(ProbeCode.CLASS, List.of("state"), ProbeCode.of(sgd, classes, width)));
        try (NDManager scope = torch.scope()) {
            module.call(scope, "bind", (Object) state);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static float[] repeated(float[] values, int times) {
        float[] all = new float[Math.multiplyExact(values.length, times)];
        for (int i = 0; i < times; i++) {
            System.arraycopy(values, 0, all, i * values.length, values.length);
        }
        return all;
    }

    /**
     * One step of SGD for every probe.
     *
     * @param rows (n, D) row-major
     * @param labels (n) classes
     * @param now the learning rates of this step
     */
    void step(float[] rows, long[] labels, float[] now) {
        try (NDManager scope = torch.scope()) {
            module.call(scope, "step", rows(scope, rows), scope.create(labels), scope.create(now));
        }
    }

    /**
     * Sums of the cross entropies of all rows since this was last asked for, one for every rate;
     * waits for the device.
     */
    double[] takeLosses() {
        try (NDManager scope = torch.scope()) {
            NDArray zeros = scope.zeros(new Shape(rates));
            float[] sums = module.call(scope, "take", zeros).get(0).toFloatArray();
            double[] taken = new double[rates];
            Arrays.setAll(taken, i -> sums[i]);
            return taken;
        }
    }

    /**
     * The rank of each row's own class: how many others are at least as likely, 0 if it is found.
     *
     * @param rows (n, D) row-major
     * @param labels (n) classes
     * @return (n, R) row-major; waits for the device
     */
    long[] ranks(float[] rows, long[] labels) {
        try (NDManager scope = torch.scope()) {
            NDArray below = module.call(scope, "below", rows(scope, rows), scope.create(labels))
                    .get(0);
            return Arrays.stream(below.toLongArray())
                    .map(count -> classes - 1 - count)
                    .toArray();
        }
    }

    private NDArray rows(NDManager scope, float[] rows) {
        return scope.create(rows, new Shape(rows.length / width, width));
    }

    @Override
    public void close() {
        module.close();
        kept.close();
    }

    /**
     * Linear probes of R learning rates as TorchScript, all in one matrix product. The state is
     * bound once:
     *
     * <pre>
     * 0 mean     (D)       1 scale (D)
     * 2 weights  (R C, D)  3 bias  (R C)
     * 4, 5 momentum of both
     * 6 losses   (R)       sums of cross entropies since they were last set to zero
     * </pre>
     *
     * The gradient is written out, softmax minus one at the class: no graph is recorded.
     */
    private static final class ProbeCode {
        static final String CLASS = "Probe";

        private final ScriptSource source = new ScriptSource();
        private final int rates;
        private final int classes;
        private final int width;

        private ProbeCode(int rates, int classes, int width) {
            this.rates = rates;
            this.classes = classes;
            this.width = width;
        }

        static String of(ProbeModule.Sgd sgd, int classes, int width) {
            ProbeCode code = new ProbeCode(sgd.rates(), classes, width);
            code.source.method("bind(self, values: List[Tensor]) -> Tensor");
            code.source.line("self.state = values");
            code.source.line("return values[0]");
            code.step(sgd);
            code.take();
            code.below();
            return code.source.toString();
        }

        private void logits() {
            source.line("s = self.state");
            source.line("x = torch.mul(torch.sub(rows, s[0]), s[1])");
            source.line("logits = torch.view(torch.addmm(s[3], x, torch.t(s[2])), [-1, %d, %d])", rates, classes);
            source.line("index = torch.expand(torch.view(labels, [-1, 1, 1]), [-1, %d, 1])", rates);
        }

        private void step(ProbeModule.Sgd sgd) {
            source.method("step(self, rows: Tensor, labels: Tensor, rates: Tensor) -> Tensor");
            logits();
            source.line("likely = torch.log_softmax(logits, 2, None)");
            source.line("own = torch.gather(likely, 2, index)");
            source.line("l = torch.sub_(s[6], torch.sum(torch.squeeze(own, 2), [0]))");
            source.line("g = torch.scatter_add(torch.exp(likely), 2, index, torch.neg(torch.ones_like(own)))");
            source.line("flat = torch.div(torch.reshape(g, [-1, %d]), torch.size(rows, 0))", rates * classes);
            source.line("gw = torch.mm(torch.t(flat), x)");
            source.line("gb = torch.sum(flat, [0])");
            move(2, 4, "gw", sgd, (long) classes * width);
            move(3, 5, "gb", sgd, classes);
            source.line("return rates");
        }

        /** SGD in PyTorch's order, each probe with its own rate. */
        private void move(int weights, int momentum, String gradient, ProbeModule.Sgd sgd, long values) {
            source.line("d%d = torch.add_(%s, s[%d], alpha=%s)", weights, gradient, weights, number(sgd.weightDecay()));
            source.line(
                    "m%d = torch.add_(torch.mul_(s[%d], %s), %s)", weights, momentum, number(sgd.momentum()), gradient);
            source.line(
                    "w%d = torch.addcmul_(torch.view(s[%d], [%d, %d]), torch.view(s[%d], [%d, %d]), torch.view(rates, [%d, 1]), value=-1)",
                    weights, weights, rates, values, momentum, rates, values, rates);
        }

        private void take() {
            source.method("take(self, zeros: Tensor) -> Tensor");
            source.line("s = self.state");
            source.line("sums = torch.add(s[6], zeros)");
            source.line("z = torch.copy_(s[6], zeros)");
            source.line("return sums");
        }

        /** (N, R) how many classes are less likely than the own one: of NaNs none is. */
        private void below() {
            source.method("below(self, rows: Tensor, labels: Tensor) -> Tensor");
            logits();
            source.line("own = torch.gather(logits, 2, index)");
            source.line("return torch.sum(torch.lt(logits, own), [2])");
        }

        private static String number(double value) {
            return String.format(Locale.ROOT, "%.17g", value);
        }
    }
}
