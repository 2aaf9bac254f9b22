package org.simreg.worker.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;

/**
 * Linear probes on standardised features while they train, one for every learning rate. See {@link
 * ProbeCode} for the arithmetic.
 */
public final class ProbeModule implements AutoCloseable {
    private final Torch torch;
    private final TorchModule module;
    private final NDManager kept;
    private final int rates;
    private final int classes;
    private final int width;

    /**
     * What all probes begin with.
     *
     * @param mean (D) taken from every row
     * @param scale (D) that the difference is multiplied by
     * @param weights (C, D) row-major
     * @param bias (C)
     */
    public record Start(float[] mean, float[] scale, float[] weights, float[] bias) {}

    /** How many learning rates there are, momentum, and the L2 penalty on weights and bias. */
    public record Sgd(int rates, double momentum, double weightDecay) {}

    /** Copies the start to the device, for every rate. */
    public ProbeModule(Torch torch, Start start, Sgd sgd) {
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
        module =
                TorchModule.load(
                        torch,
                        CodeArchive.of(
                                ProbeCode.CLASS,
                                List.of("state"),
                                ProbeCode.of(sgd, classes, width)));
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
    public void step(float[] rows, long[] labels, float[] now) {
        try (NDManager scope = torch.scope()) {
            module.call(scope, "step", rows(scope, rows), scope.create(labels), scope.create(now));
        }
    }

    /**
     * Sums of the cross entropies of all rows since this was last asked for, one for every rate;
     * waits for the device.
     */
    public double[] takeLosses() {
        try (NDManager scope = torch.scope()) {
            NDArray zeros = scope.zeros(new Shape(rates));
            float[] sums = module.call(scope, "take", zeros).get(0).toFloatArray();
            double[] taken = new double[rates];
            Arrays.setAll(taken, i -> sums[i]);
            return taken;
        }
    }

    /**
     * How many other classes are at least as likely as a row's own: 0 if it is found.
     *
     * @param rows (n, D) row-major
     * @param labels (n) classes
     * @return (n, R) row-major; waits for the device
     */
    public long[] ranks(float[] rows, long[] labels) {
        try (NDManager scope = torch.scope()) {
            NDArray below =
                    module.call(scope, "below", rows(scope, rows), scope.create(labels)).get(0);
            return Arrays.stream(below.toLongArray()).map(count -> classes - 1 - count).toArray();
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
}
