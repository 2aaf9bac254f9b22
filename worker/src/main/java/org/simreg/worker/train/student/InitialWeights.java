package org.simreg.worker.train.student;

import java.util.Arrays;
import java.util.List;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.Weight;

/**
 * The random initial weights of a student, by the seed: convolutions normal(0, sqrt(2 / (kernel
 * area x out))), BatchNorm 1 and 0, linear layers uniform in +-1/sqrt(in), as PyTorch's and
 * torchvision's.
 */
public final class InitialWeights {
    private InitialWeights() {}

    /** The state before the first step of SGD. */
    public static StudentState of(StudentNetwork trained, long seed) {
        FlatLayout parameters = trained.parameters();
        float[] weights = new float[parameters.length()];
        int tensor = 0;
        long in = 1;
        for (Weight weight : parameters.weights()) {
            in = weight.shape().length > 1 ? weight.length() / weight.shape()[0] : in;
            parameters.put(
                    weights,
                    weight.name(),
                    values(weight, in, CounterRandom.of(seed, CounterRandom.WEIGHTS, tensor++)));
        }
        float[] average = Arrays.copyOf(weights, trained.averaged());
        return new StudentState(
                weights, List.of(new float[weights.length]), statistics(trained.statistics()), average, new float[0]);
    }

    private static float[] statistics(FlatLayout layout) {
        float[] statistics = new float[layout.length()];
        for (Weight weight : layout.weights()) {
            float[] values = new float[weight.length()];
            Arrays.fill(values, weight.kind() == Weight.Kind.RUNNING_VARIANCE ? 1 : 0);
            layout.put(statistics, weight.name(), values);
        }
        return statistics;
    }

    /**
     * @param in width of the layer's input; a bias has the one of the weight before it
     */
    private static float[] values(Weight weight, long in, CounterRandom random) {
        float[] values = new float[weight.length()];
        long[] shape = weight.shape();
        for (int i = 0; i < values.length; i++) {
            values[i] = (float)
                    switch (weight.kind()) {
                        case CONVOLUTION -> random.normal() * Math.sqrt(2.0 / (shape[2] * shape[3] * shape[0]));
                        case LINEAR, LINEAR_BIAS -> (2 * random.uniform() - 1) / Math.sqrt(in);
                        case NORM_SCALE -> 1;
                        default -> 0;
                    };
        }
        return values;
    }
}
