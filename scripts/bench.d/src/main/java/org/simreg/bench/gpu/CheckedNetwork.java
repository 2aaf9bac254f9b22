package org.simreg.bench.gpu;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.engine.torchscript.StepModule;
import org.simreg.worker.engine.torchscript.StepSettings;
import org.simreg.worker.engine.torchscript.StudentNetwork;
import org.simreg.worker.engine.torchscript.StudentState;
import org.simreg.worker.engine.torchscript.TrainableStudent;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.train.student.InitialWeights;
import org.simreg.worker.train.student.StudentBuilder;

/**
 * A network with random weights, as a frozen teacher and as a student with a linear head, shown fixed random pixels.
 * The same on every device and in every process.
 */
final class CheckedNetwork {
    private static final int TARGET = 64;
    private static final int SIDE = 64;
    private static final int[] SIDES = {SIDE, 56, 96, 128, 224};

    private final NetworkGraph backbone;
    private final StudentNetwork trained;
    private final StudentState state;
    private final int size;
    private final int images;
    private final ByteBuffer pixels;
    private final float[] targets;

    /** @param images of a batch */
    CheckedNetwork(Network name, int images) {
        this.images = images;
        NetworkGraph known = Networks.backbone(name);
        size = Arrays.stream(SIDES)
                .filter(side -> known.misfit(side).isEmpty())
                .findFirst()
                .orElseThrow();
        backbone = known.forSize(size);
        NetworkGraph head = Heads.regression(Head.Form.LINEAR, 1, backbone.outputs(), TARGET);
        trained = StudentNetwork.regression(backbone, List.of(head));
        state = InitialWeights.of(trained, 1);
        Random random = new Random(2);
        byte[] bytes = new byte[images * size * size * 3];
        random.nextBytes(bytes);
        pixels = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
        targets = new float[images * TARGET];
        for (int i = 0; i < targets.length; i++) {
            targets[i] = random.nextFloat() - 0.5f;
        }
    }

    /** The name that jobs know it by. */
    static String shown(Network network) {
        return network.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Weights, in millions. */
    static double millions(Network network) {
        return Networks.backbone(network).parameterCount() / 1e6;
    }

    /** Features of all images, one after the other. */
    float[] features(Torch torch, FrozenModule.Kind kind) {
        try (FrozenModule frozen =
                        FrozenModule.stages(torch, backbone, StudentBuilder.backbone(trained, state), kind, List.of());
                NDManager scope = torch.scope()) {
            return frozen.features(scope, images(scope)).toFloatArray();
        }
    }

    /**
     * The gradient of the mean loss.
     *
     * @param values in the order of the flat vector
     */
    record Gradient(double loss, float[] values) {}

    Gradient gradient(Torch torch, boolean bfloat16) {
        return gradient(torch, bfloat16, state);
    }

    /** The gradient where every weight is moved by its last bit, up or down: what rounding alone may change. */
    Gradient nearby(Torch torch) {
        Random random = new Random(3);
        float[] moved = state.weights().clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] = random.nextBoolean() ? Math.nextUp(moved[i]) : Math.nextDown(moved[i]);
        }
        return gradient(
                torch,
                false,
                new StudentState(moved, state.moments(), state.statistics(), state.average(), state.ema()));
    }

    private Gradient gradient(Torch torch, boolean bfloat16, StudentState from) {
        try (StepModule step = student(torch, bfloat16, from);
                NDManager scope = torch.scope()) {
            NDArray out = step.newOut(scope);
            step.backward(images(scope), targets(scope), out);
            return new Gradient(
                    step.loss(out),
                    Arrays.copyOf(out.toFloatArray(), trained.parameters().length()));
        }
    }

    /** SHA-256 of the state after some steps of SGD from the same weights. */
    String trained(Torch torch, boolean bfloat16, int steps) {
        try (StepModule step = student(torch, bfloat16, state);
                NDManager scope = torch.scope()) {
            NDArray out = step.newOut(scope);
            for (int i = 0; i < steps; i++) {
                step.backward(images(scope), targets(scope), out);
                step.update(out, TrainableStudent.Rates.of(0.05));
            }
            return step.state().sha256();
        }
    }

    private StepModule student(Torch torch, boolean bfloat16, StudentState from) {
        return new StepModule(torch, trained, new StepSettings(bfloat16, 0.9, 1e-4), from);
    }

    private NDArray images(NDManager scope) {
        return Torch.images(scope, pixels, images, size);
    }

    private NDArray[] targets(NDManager scope) {
        return new NDArray[] {scope.create(targets, new Shape(images, TARGET))};
    }
}
