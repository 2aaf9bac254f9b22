package org.simreg.worker.probe;

import java.util.List;
import org.simreg.worker.torchscript.ProbeModule;

/**
 * How a linear probe is trained: SGD with momentum 0.9 and weight decay 1e-4, on weights and bias.
 *
 * @param rates learning rates, each a probe of its own; all see the same batches and begin with the
 *     same weights
 * @param epochs passes over the train features, at least 1
 * @param batch rows of a step, at least 1; the last of an epoch may be smaller
 * @param drops the rate is divided by 10 after each of these epochs
 * @param seed decides initial weights and sample order
 */
public record ProbeSettings(
        List<Double> rates, int epochs, int batch, List<Integer> drops, long seed) {
    private static final double MOMENTUM = 0.9;
    private static final double WEIGHT_DECAY = 1e-4;

    public ProbeSettings {
        rates = List.copyOf(rates);
        drops = List.copyOf(drops);
        if (rates.isEmpty() || epochs < 1 || batch < 1) {
            throw new IllegalArgumentException(
                    "a probe needs a learning rate, an epoch and a row: "
                            + rates
                            + ", "
                            + epochs
                            + ", "
                            + batch);
        }
    }

    /**
     * The published recipe (SimReg's, arXiv 2201.05131): rate 0.01, 40 epochs, drops at 15 and 30.
     */
    public static ProbeSettings published(long seed) {
        return new ProbeSettings(List.of(0.01), 40, 256, List.of(15, 30), seed);
    }

    ProbeModule.Sgd sgd() {
        return new ProbeModule.Sgd(rates.size(), MOMENTUM, WEIGHT_DECAY);
    }

    /** The learning rates of an epoch, from 0, in the order of {@link #rates}. */
    float[] rates(int epoch) {
        long passed = drops.stream().filter(drop -> drop <= epoch).count();
        float[] now = new float[rates.size()];
        for (int i = 0; i < now.length; i++) {
            now[i] = (float) (rates.get(i) * Math.pow(0.1, passed));
        }
        return now;
    }
}
