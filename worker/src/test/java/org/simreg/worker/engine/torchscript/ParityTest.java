package org.simreg.worker.engine.torchscript;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Head;
import org.simreg.proto.Loss;
import org.simreg.proto.Network;
import org.simreg.proto.Optimization.Optimizer;
import org.simreg.proto.Pixels;
import org.simreg.worker.engine.optimizer.OptimizerSettings;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.TestWeights;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of forward pass, loss, gradient and optimizers against PyTorch's numbers in float64. */
class ParityTest {
    private static final int TARGET = 64;

    private static Torch torch;

    @BeforeAll
    static void start() {
        torch = new Torch("cpu", 1);
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    @ParameterizedTest
    @CsvSource({
        "RESNET10, resnet10, 64",
        "RESNET18, resnet18, 64",
        "RESNET34, resnet34, 64",
        "RESNET50, resnet50, 64",
        "RESNET50_BYOL, resnet50-byol, 64",
        "RESNET50_BYOL, resnet50-byol-odd, 65",
        "MOBILENET_V2, mobilenet-v2, 64"
    })
    void aFrozenNetworkGivesPyTorchsFeatures(Network name, String fixture, int size) {
        featuresArePyTorchs(name, fixture, size, true);
    }

    @ParameterizedTest
    @EnabledIfSystemProperty(named = "simreg.test.networks", matches = "all")
    @CsvSource({"RESNET101, resnet101, 64", "RESNET50X2, resnet50x2, 64", "RESNET50X4, resnet50x4, 32"})
    void soDoLargeOnes(Network name, String fixture, int size) {
        featuresArePyTorchs(name, fixture, size, true);
    }

    /** The code that a GPU runs, on the CPU. */
    @ParameterizedTest
    @CsvSource({"RESNET18, resnet18, 64", "RESNET50_BYOL, resnet50-byol-odd, 65", "MOBILENET_V2, mobilenet-v2, 64"})
    void soDoesItWithoutFusedConvolutions(Network name, String fixture, int size) {
        featuresArePyTorchs(name, fixture, size, false);
    }

    private static FrozenModule.Kind kind(boolean fused) {
        return new FrozenModule.Kind(Pixels.IMAGENET, false, fused && torch.fuses());
    }

    private static void featuresArePyTorchs(Network name, String fixture, int size, boolean fused) {
        StateDict expected = fixture("features-" + fixture);
        NetworkGraph network = Networks.backbone(name);
        try (FrozenModule frozen = FrozenModule.of(torch, network, weights(network), kind(fused));
                NDManager scope = torch.scope()) {
            float[] features =
                    frozen.features(scope, images(scope, "images", 2, size)).toFloatArray();
            float[] wanted = truth(expected, "features");
            int step = Math.max(1, network.outputs() / 512);
            float[] got = new float[wanted.length];
            for (int i = 0; i < got.length; i++) {
                int columns = network.outputs() / step;
                got[i] = features[i / columns * network.outputs() + i % columns * step];
            }
            assertTrue(relative(got, wanted) < 1e-4, () -> "relative error " + relative(got, wanted));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "RESNET18, RELEASED, 1, 3",
        "RESNET18, RELEASED, 2, 3",
        "RESNET18, RELEASED, 4, 3",
        "RESNET18, PAPER, 1, 3",
        "RESNET18, PAPER, 2, 3",
        "RESNET18, PAPER, 4, 3",
        "RESNET18, LINEAR, 1, 0",
        "MOBILENET_V2, RELEASED, 4, 0"
    })
    void aStepGivesPyTorchsLossAndGradient(Network name, Head.Form form, int layers, double negative) {
        String fixture = (name + "-" + form + "-" + layers).toLowerCase().replace('_', '-');
        StateDict expected = fixture("gradient-" + fixture);
        StudentNetwork trained = trained(name, form, layers);
        try (StepModule step = module(trained, negative > 0);
                NDManager scope = torch.scope()) {
            NDArray out = step.newOut(scope);
            step.backward(images(scope, "images", 16, 32), targets(scope), out);
            assertEquals(truth(expected, "loss")[0], step.loss(out), 1e-4);
            float[] gradient = out.toFloatArray();
            double least = 1e-3 * truth(expected, "total")[0];
            for (Weight weight : trained.parameters().weights()) {
                close(expected, weight, trained.parameters().get(gradient, weight.name()), least, 1e-4);
            }
            step.update(out, TrainableStudent.Rates.of(0));
            statistics(expected, trained, step.state(), 1e-4);
        }
    }

    @ParameterizedTest
    @CsvSource({"NORMALIZED", "SQUARED"})
    void twoTeachersOfDifferentWidthsAndWeightsGivePyTorchsLossAndGradient(Loss loss) {
        StateDict expected = fixture("objective-" + loss.name().toLowerCase());
        NetworkGraph backbone = Networks.backbone(Network.RESNET18);
        List<NetworkGraph> heads = Stream.of(64, 48)
                .map(to -> Heads.regression(Head.Form.RELEASED, 2, backbone.outputs(), to))
                .toList();
        StudentNetwork trained = StudentNetwork.regression(backbone, heads);
        StepSettings.Objective objective = new StepSettings.Objective(loss, List.of(1.0, 3.0));
        try (StepModule step = module(trained, true, new StepSettings(false, OptimizerSettings.sgd(0, 0), objective));
                NDManager scope = torch.scope()) {
            NDArray[] targets = {rows(scope, "targets0", 64), rows(scope, "targets1", 48)};
            NDArray out = step.newOut(scope);
            step.backward(images(scope, "images", 16, 32), targets, out);
            float truth = truth(expected, "loss")[0];
            assertEquals(truth, step.loss(out), 1e-4 * truth);
            float[] gradient = out.toFloatArray();
            double least = 1e-3 * truth(expected, "total")[0];
            for (Weight weight : trained.parameters().weights()) {
                float[] got = trained.parameters().get(gradient, weight.name());
                close(expected, weight, got, least, 1e-4);
            }
        }
    }

    /** (16, width) of any length. */
    private static NDArray rows(NDManager scope, String name, int width) {
        float[] rows = new float[16 * width];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = (float) (2 * TestWeights.uniform(name, i) - 1);
        }
        return scope.create(rows, new Shape(16, width));
    }

    @Test
    void equalWeightsOfAnySizeAreThePlainMeanToTheBit() {
        NetworkGraph backbone = Networks.backbone(Network.MOBILENET_V2);
        NetworkGraph head = Heads.regression(Head.Form.LINEAR, 1, backbone.outputs(), 64);
        StudentNetwork trained = StudentNetwork.regression(backbone, List.of(head, head, head));
        float[] plain = gradient(trained, StepSettings.Objective.PLAIN);
        StepSettings.Objective even = new StepSettings.Objective(Loss.NORMALIZED, List.of(0.3, 0.3, 0.3));
        assertArrayEquals(plain, gradient(trained, even));
        StepSettings.Objective uneven = new StepSettings.Objective(Loss.NORMALIZED, List.of(0.3, 0.3, 0.4));
        assertFalse(Arrays.equals(plain, gradient(trained, uneven)));
    }

    private static float[] gradient(StudentNetwork trained, StepSettings.Objective objective) {
        try (StepModule step = module(trained, false, new StepSettings(false, OptimizerSettings.sgd(0, 0), objective));
                NDManager scope = torch.scope()) {
            NDArray[] targets = {rows(scope, "a", 64), rows(scope, "b", 64), rows(scope, "c", 64)};
            NDArray out = step.newOut(scope);
            step.backward(images(scope, "images", 16, 32), targets, out);
            return out.toFloatArray();
        }
    }

    private static OptimizerSettings optimizer(Optimizer kind, double weightDecay) {
        OptimizerSettings.Adaptive adaptive = new OptimizerSettings.Adaptive(0.99, 1e-6, 0.01);
        return new OptimizerSettings(
                kind, 0.9, adaptive, new OptimizerSettings.Decay(weightDecay, kind == Optimizer.SGD), 0);
    }

    @ParameterizedTest
    @CsvSource({"SGD, '', 0.05, 1e-4", "ADAMW, -adamw, 1e-3, 0.05", "LARS, -lars, 0.5, 1e-3"})
    void tenStepsFollowPyTorch(Optimizer kind, String fixture, double rate, double weightDecay) {
        StateDict expected = fixture("training-resnet18-released-4" + fixture);
        StudentNetwork trained = trained(Network.RESNET18, Head.Form.RELEASED, 4);
        try (StepModule step = module(trained, optimizer(kind, weightDecay), false)) {
            float[] losses = truth(expected, "losses");
            for (int i = 0; i < losses.length; i++) {
                train(step, i, losses[i], new TrainableStudent.Rates(i, rate, 0, 0));
            }
            follows(expected, trained, step.state());
        }
    }

    @Test
    void clippedStepsAndTheStudentsAverageFollowPyTorch() {
        StateDict expected = fixture("training-resnet18-released-4-clipped");
        StudentNetwork trained = trained(Network.RESNET18, Head.Form.RELEASED, 4);
        OptimizerSettings sgd = optimizer(Optimizer.SGD, 1e-4);
        OptimizerSettings clipped = new OptimizerSettings(sgd.kind(), sgd.momentum(), sgd.adaptive(), sgd.decay(), 1);
        try (StepModule step = module(trained, clipped, true)) {
            float[] losses = truth(expected, "losses");
            float[] norms = truth(expected, "norms");
            for (int i = 0; i < losses.length; i++) {
                double kept = Math.min(0.4, (1.0 + i) / (10 + i));
                double norm = train(step, i, losses[i], new TrainableStudent.Rates(i, 0.05, 0, kept))
                        .orElseThrow();
                assertEquals(norms[i], norm, 1e-4 * norms[i], "step " + i);
            }
            StudentState state = step.state();
            follows(expected, trained, state);
            FlatLayout layout = trained.backboneLayout();
            for (Weight weight : layout.weights()) {
                float[] got = layout.get(state.ema(), weight.name());
                close(expected, "ema." + fixtureName(weight), got, 1e-3, 1e-3);
            }
        }
    }

    private static OptionalDouble train(StepModule step, int i, float loss, TrainableStudent.Rates rates) {
        try (NDManager scope = torch.scope()) {
            NDArray out = step.newOut(scope);
            step.backward(images(scope, "images" + i, 16, 32), targets(scope), out);
            assertEquals(loss, step.loss(out), 1e-3);
            return step.update(out, rates);
        }
    }

    private static void follows(StateDict expected, StudentNetwork trained, StudentState state) {
        for (Weight weight : trained.parameters().weights()) {
            close(expected, weight, trained.parameters().get(state.weights(), weight.name()), 1e-3, 1e-3);
        }
        statistics(expected, trained, state, 1e-3);
    }

    private static StepModule module(StudentNetwork trained, OptimizerSettings optimizer, boolean ema) {
        StudentState state = new StudentState.Layout(trained, optimizer.moments(), ema).begin(state(trained, false));
        return new StepModule(torch, trained, new StepSettings(false, optimizer, StepSettings.Objective.PLAIN), state);
    }

    static void statistics(StateDict expected, StudentNetwork trained, StudentState state, double bound) {
        for (Weight weight : trained.statistics().weights()) {
            if (expected.contains("norm/" + fixtureName(weight))) {
                close(expected, weight, trained.statistics().get(state.statistics(), weight.name()), 1e-3, bound);
            }
        }
    }

    /** Norm and samples within a part of the tensor's norm. */
    static void close(StateDict expected, Weight weight, float[] got, double least, double bound) {
        close(expected, fixtureName(weight), got, least, bound);
    }

    static void close(StateDict expected, String name, float[] got, double least, double bound) {
        double norm = truth(expected, "norm/" + name)[0];
        double scale = bound * Math.max(norm, least);
        double square = 0;
        for (float value : got) {
            square += (double) value * value;
        }
        assertEquals(norm, Math.sqrt(square), scale, "norm of " + name);
        float[] samples = truth(expected, "sample/" + name);
        for (int j = 0; j < samples.length; j++) {
            int at = (int) Long.remainderUnsigned(TestWeights.bits(name, j), got.length);
            assertEquals(samples[j], got[at], scale, name + "[" + at + "]");
        }
    }

    static String fixtureName(Weight weight) {
        String name = weight.name();
        return name.startsWith(StudentNetwork.BACKBONE) ? name.substring(StudentNetwork.BACKBONE.length()) : name;
    }

    static StudentNetwork trained(Network name, Head.Form form, int layers) {
        NetworkGraph backbone = Networks.backbone(name);
        return StudentNetwork.regression(backbone, List.of(Heads.regression(form, layers, backbone.outputs(), TARGET)));
    }

    private static StepModule module(StudentNetwork trained, boolean signedShifts) {
        return module(trained, signedShifts, new StepSettings(false, 0.9, 1e-4));
    }

    private static StepModule module(StudentNetwork trained, boolean signedShifts, StepSettings settings) {
        return new StepModule(torch, trained, settings, state(trained, signedShifts));
    }

    private static StudentState state(StudentNetwork trained, boolean signedShifts) {
        float[] weights = flat(trained.parameters(), signedShifts);
        return new StudentState(
                weights,
                List.of(new float[weights.length]),
                flat(trained.statistics(), signedShifts),
                new float[0],
                new float[0]);
    }

    private static float[] flat(FlatLayout layout, boolean signedShifts) {
        return flat(layout, signedShifts ? -3 : 3, 3);
    }

    /** Shifts of normalisations are low where the plain value is negative, otherwise high; 0 and 0: as they are. */
    static float[] flat(FlatLayout layout, float low, float high) {
        float[] flat = new float[layout.length()];
        for (Weight weight : layout.weights()) {
            float[] values = TestWeights.values(new Weight(fixtureName(weight), weight.shape(), weight.kind()));
            for (int i = 0; i < values.length && weight.kind() == Weight.Kind.NORM_SHIFT && high != 0; i++) {
                values[i] = values[i] < 0 ? low : high;
            }
            layout.put(flat, weight.name(), values);
        }
        return flat;
    }

    private static StateDict weights(NetworkGraph network) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (Weight weight : network.weights()) {
            tensors.put(weight.name(), HostTensor.of(TestWeights.values(weight), weight.shape()));
        }
        return StateDict.of(tensors);
    }

    static NDArray images(NDManager scope, String name, int count, int size) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(count * size * size * 3);
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, (byte) (int) (256 * TestWeights.uniform(name, i)));
        }
        return Torch.images(scope, bytes, count, size);
    }

    static NDArray[] targets(NDManager scope) {
        float[] rows = new float[16 * TARGET];
        for (int row = 0; row < 16; row++) {
            double square = 0;
            for (int i = 0; i < TARGET; i++) {
                double value = 2 * TestWeights.uniform("targets", row * TARGET + i) - 1;
                square += value * value;
            }
            for (int i = 0; i < TARGET; i++) {
                double value = 2 * TestWeights.uniform("targets", row * TARGET + i) - 1;
                rows[row * TARGET + i] = (float) (value / Math.sqrt(square));
            }
        }
        return new NDArray[] {scope.create(rows, new Shape(16, TARGET))};
    }

    /** Row 1: what float64 arithmetic gave. */
    static float[] truth(StateDict fixture, String name) {
        float[] both = fixture.get(name).floats();
        return Arrays.copyOfRange(both, both.length / 2, both.length);
    }

    private static double relative(float[] got, float[] wanted) {
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < got.length; i++) {
            worst = Math.max(worst, Math.abs(got[i] - wanted[i]));
            largest = Math.max(largest, Math.abs(wanted[i]));
        }
        return worst / largest;
    }

    static StateDict fixture(String name) {
        String resource = "/fixtures/parity/" + name + ".safetensors";
        try {
            return WeightsFile.read(Path.of(Objects.requireNonNull(ParityTest.class.getResource(resource), resource)
                    .toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
