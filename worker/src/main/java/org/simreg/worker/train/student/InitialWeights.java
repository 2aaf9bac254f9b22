package org.simreg.worker.train.student;

import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleSupplier;
import org.simreg.worker.base.random.CounterRandom;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.network.Initialization;
import org.simreg.worker.network.Weight;

/**
 * The random initial weights of a student, by the seed: the backbone's by its {@link Initialization}, as the library
 * that has it does; of heads linear layers uniform in +-1/sqrt(in), as PyTorch's; normalisations 1 and 0.
 */
public final class InitialWeights {
    /** Of {@link Initialization#NORMAL}: the standard deviation, and the factors of LayerScale. */
    private static final double DEVIATION = 0.02;

    private static final double SCALE = 1e-6;

    /** Of {@link Initialization#TRANSFORMER}: the factors of LayerScale. */
    private static final double LAYER_SCALE = 1e-5;

    private InitialWeights() {}

    /** The state before the first step of SGD. */
    public static StudentState of(StudentNetwork trained, long seed) {
        FlatLayout parameters = trained.parameters();
        float[] weights = new float[parameters.length()];
        int tensor = 0;
        Initialization initialization = trained.backbone().initialization();
        boolean plain = initialization == Initialization.FAN_OUT || initialization == Initialization.FAN_OUT_OF_GROUP;
        long in = 1;
        boolean linear = false;
        for (Weight weight : parameters.weights()) {
            int dimensions = weight.shape().length;
            in = dimensions > 1 ? weight.length() / weight.shape()[0] : in;
            linear = dimensions > 1 ? weight.kind() == Weight.Kind.LINEAR : linear;
            CounterRandom random = CounterRandom.of(seed, CounterRandom.WEIGHTS, tensor++);
            boolean head = !weight.name().startsWith(StudentNetwork.BACKBONE);
            // A convolutional network's last linear layer begins as a head's.
            float[] values = head || linear && plain
                    ? headValues(weight, in, random)
                    : values(weight, in, initialization, random);
            parameters.put(weights, weight.name(), values);
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
    private static float[] headValues(Weight weight, long in, CounterRandom random) {
        return filled(weight, () -> switch (weight.kind()) {
            case LINEAR, LINEAR_BIAS -> (2 * random.uniform() - 1) / Math.sqrt(in);
            case NORM_SCALE -> 1;
            default -> 0;
        });
    }

    private static float[] values(Weight weight, long in, Initialization initialization, CounterRandom random) {
        if (initialization == Initialization.TRANSFORMER) {
            return filled(weight, () -> ofTransformer(weight, in, random));
        }
        return filled(weight, () -> switch (weight.kind()) {
            case CONVOLUTION, LINEAR -> random.normal() * deviation(weight.shape(), initialization);
            case NORM_SCALE -> 1;
            case PARAMETER -> SCALE;
            default -> 0;
        });
    }

    /**
     * A value of a vision transformer.
     *
     * @param in values of a patch
     */
    private static double ofTransformer(Weight weight, long in, CounterRandom random) {
        boolean patches = weight.name().startsWith(StudentNetwork.BACKBONE + "patch_embed.");
        return switch (weight.kind()) {
            case CONVOLUTION -> (2 * random.uniform() - 1) / Math.sqrt(in);
            case LINEAR_BIAS -> patches ? (2 * random.uniform() - 1) / Math.sqrt(in) : 0;
            case LINEAR -> random.normal() * DEVIATION;
            case NORM_SCALE -> 1;
            case PARAMETER ->
                weight.name().endsWith("pos_embed")
                        ? random.normal() * DEVIATION
                        : weight.name().endsWith(".gamma") ? LAYER_SCALE : random.normal() * SCALE;
            default -> 0;
        };
    }

    private static double deviation(long[] shape, Initialization initialization) {
        if (initialization == Initialization.NORMAL) {
            return DEVIATION;
        }
        boolean depthwise = initialization == Initialization.FAN_OUT_OF_GROUP && shape[1] == 1;
        return Math.sqrt(2.0 / (shape[2] * shape[3] * (depthwise ? 1 : shape[0])));
    }

    private static float[] filled(Weight weight, DoubleSupplier value) {
        float[] values = new float[weight.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) value.getAsDouble();
        }
        return values;
    }
}
