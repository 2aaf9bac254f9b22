package org.simreg.worker.engine.torchscript;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torch.FlatLayout;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.layer.DepthwiseCode;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.tensor.StateDict;

/** Loss, gradient and SGD of every student against PyTorch's numbers in float64, and how it rounds and draws. */
class StudentParityTest {
    private static Torch torch;

    @BeforeAll
    static void start() {
        torch = new Torch("cpu", 1);
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    /** Size of the images, images of a batch, shifts of the batch normalisations (0: as they are): as in scripts/fixtures/parity.py. */
    @ParameterizedTest
    @CsvSource({
        "CONVNEXT_ATTO, 32, 4, 0",
        "EFFICIENTNET_B0, 64, 4, 1",
        "MOBILENETV3_SMALL, 32, 8, 1",
        "MOBILENETV3_LARGE_TIMM, 32, 8, 1",
        "MOBILENETV4_CONV_SMALL, 64, 8, 3",
        "VIT_TI16, 32, 4, 0",
        "DINOV2_VITS14, 28, 4, 0"
    })
    void aStepGivesPyTorchsLossAndGradient(Network name, int size, int count, float shift) {
        oneStep(name, size, count, shift);
    }

    @ParameterizedTest
    @EnabledIfSystemProperty(named = "simreg.test.networks", matches = "all")
    @CsvSource({
        "CONVNEXT_FEMTO, 32, 4, 0",
        "CONVNEXT_PICO, 32, 4, 0",
        "CONVNEXT_NANO, 32, 4, 0",
        "CONVNEXT_TINY, 32, 4, 0",
        "MOBILENETV3_LARGE, 32, 8, 1",
        "MOBILENETV3_SMALL_TIMM, 32, 8, 1",
        "MOBILENETV4_CONV_MEDIUM, 64, 8, 3",
        "VIT_S16, 32, 4, 0",
        "RESNET10, 32, 8, 3",
        "RESNET101, 32, 8, 3"
    })
    void soDoesAStepOfOthersOfAFamily(Network name, int size, int count, float shift) {
        oneStep(name, size, count, shift);
    }

    private static void oneStep(Network name, int size, int count, float shift) {
        StateDict expected = fixture("gradient", name);
        StudentNetwork trained = trained(Networks.backbone(name).forSize(size));
        try (StepModule step = module(trained, false, shift);
                NDManager scope = torch.scope()) {
            NDArray out = step.newOut(scope);
            step.backward(ParityTest.images(scope, "images", count, size), targets(scope, count), out);
            assertEquals(ParityTest.truth(expected, "loss")[0], step.loss(out), 1e-4);
            float[] gradient = out.toFloatArray();
            double least = 1e-3 * ParityTest.truth(expected, "total")[0];
            for (Weight weight : trained.parameters().weights()) {
                float[] got = trained.parameters().get(gradient, weight.name());
                ParityTest.close(expected, weight, got, least, 1e-4);
            }
            step.update(out, TrainableStudent.Rates.of(0));
            ParityTest.statistics(expected, trained, step.state(), 1e-4);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "CONVNEXT_ATTO, 32, 4, 0, 0.02",
        "EFFICIENTNET_B0, 64, 4, 1, 0.02",
        "MOBILENETV3_SMALL, 32, 8, 1, 0.005",
        "MOBILENETV4_CONV_SMALL, 64, 8, 3, 0.02",
        "VIT_TI16, 32, 4, 0, 0.02"
    })
    void tenStepsOfSgdFollowPyTorch(Network name, int size, int count, float shift, double rate) {
        tenSteps(name, size, count, shift, rate);
    }

    @ParameterizedTest
    @EnabledIfSystemProperty(named = "simreg.test.networks", matches = "all")
    @CsvSource({
        "CONVNEXT_FEMTO, 32, 4, 0, 0.02",
        "CONVNEXT_PICO, 32, 4, 0, 0.02",
        "CONVNEXT_NANO, 32, 4, 0, 0.02",
        "CONVNEXT_TINY, 32, 4, 0, 0.02",
        "MOBILENETV3_LARGE, 32, 8, 1, 0.005",
        "MOBILENETV3_SMALL_TIMM, 32, 8, 1, 0.005",
        "MOBILENETV3_LARGE_TIMM, 32, 8, 1, 0.005",
        "MOBILENETV4_CONV_MEDIUM, 64, 8, 3, 0.02",
        "DINOV2_VITS14, 28, 4, 0, 0.02"
    })
    void soDoTheLargerOnesOfAFamily(Network name, int size, int count, float shift, double rate) {
        tenSteps(name, size, count, shift, rate);
    }

    private static void tenSteps(Network name, int size, int count, float shift, double rate) {
        StateDict expected = fixture("training", name);
        StudentNetwork trained = trained(Networks.backbone(name).forSize(size));
        try (StepModule step = module(trained, false, shift)) {
            float[] losses = ParityTest.truth(expected, "losses");
            for (int i = 0; i < losses.length; i++) {
                try (NDManager scope = torch.scope()) {
                    NDArray out = step.newOut(scope);
                    step.backward(ParityTest.images(scope, "images" + i, count, size), targets(scope, count), out);
                    assertEquals(losses[i], step.loss(out), 1e-3);
                    step.update(out, TrainableStudent.Rates.of(rate));
                }
            }
            StudentState state = step.state();
            int compared = 0;
            for (Weight weight : trained.parameters().weights()) {
                if (expected.contains("norm/" + ParityTest.fixtureName(weight))) {
                    float[] got = trained.parameters().get(state.weights(), weight.name());
                    ParityTest.close(expected, weight, got, 1e-3, 1e-3);
                    compared++;
                }
            }
            assertTrue(compared > 10, compared + " tensors");
            ParityTest.statistics(expected, trained, state, 1e-3);
        }
    }

    /** The gradient in bfloat16 points where float32's does, and is the same to the bit, drop path included. */
    @ParameterizedTest
    @CsvSource({
        "VIT_TI16, 64, 4, 0, 0.3",
        "CONVNEXT_ATTO, 64, 4, 0, 0.3",
        "EFFICIENTNET_B0, 64, 4, 1, 0.3",
        "MOBILENETV3_SMALL, 64, 8, 1, 0",
        "MOBILENETV3_LARGE_TIMM, 64, 8, 1, 0.3",
        "MOBILENETV4_CONV_SMALL, 64, 8, 3, 0.3"
    })
    void bfloat16RoundsAndDropPathDrawsTheSameWayTwice(Network name, int size, int count, float shift, double rate) {
        NetworkGraph backbone = Networks.backbone(name).forSize(size);
        float[] whole = gradient(backbone, false, size, count, shift, 1);
        float[] rounded = gradient(backbone, true, size, count, shift, 1);
        assertTrue(cosine(whole, rounded) > 0.95, () -> "cosine " + cosine(whole, rounded));
        float[][] dropping = gradients(backbone.withDropPath(rate), true, size, count, shift, 1, 1, 2);
        assertArrayEquals(dropping[0], dropping[1]);
        assertEquals(rate == 0, Arrays.equals(dropping[0], rounded));
        assertEquals(rate == 0, Arrays.equals(dropping[0], dropping[2]));
    }

    /** Kernels and biases of depthwise convolutions, which are trained by calls of their own in bfloat16, one by one. */
    @ParameterizedTest
    @CsvSource({"CONVNEXT_ATTO, 64, 4, 0", "EFFICIENTNET_B0, 64, 4, 1", "MOBILENETV4_CONV_SMALL, 64, 8, 3"})
    void everyDepthwiseGradientPointsWhereFloat32sDoes(Network name, int size, int count, float shift) {
        NetworkGraph backbone = Networks.backbone(name).forSize(size);
        float[] whole = gradient(backbone, false, size, count, shift, 1);
        float[] rounded = gradient(backbone, true, size, count, shift, 1);
        FlatLayout layout = trained(backbone).parameters();
        int compared = 0;
        for (NetworkGraph.Node node : backbone.nodes()) {
            if (node.op() instanceof Op.Convolution c && DepthwiseCode.takes(c)) {
                for (Weight weight : NetworkGraph.weightsOf(node)) {
                    int from =
                            layout.slot(StudentNetwork.BACKBONE + weight.name()).offset();
                    float[] expected = Arrays.copyOfRange(whole, from, from + weight.length());
                    float[] got = Arrays.copyOfRange(rounded, from, from + weight.length());
                    assertTrue(cosine(expected, got) > 0.9, () -> weight + ": cosine " + cosine(expected, got));
                    compared++;
                }
            }
        }
        assertTrue(compared >= 5, compared + " tensors");
    }

    /** Down to maps of a single pixel, at which some of oneDNN's kernels read what isn't theirs. */
    @ParameterizedTest
    @CsvSource({
        "MOBILENET_V2, 32",
        "MOBILENETV3_SMALL, 32",
        "MOBILENETV4_CONV_SMALL, 32",
        "EFFICIENTNET_B0, 20",
        "EFFICIENTNET_B0, 32",
        "EFFICIENTNET_B0, 48",
        "CONVNEXT_ATTO, 32"
    })
    void bfloat16RepeatsToTheBitOnSmallViews(Network name, int size) {
        NetworkGraph backbone = Networks.backbone(name).forSize(size);
        float[] first = gradient(backbone, true, size, 8, 1, 1);
        for (float[] again : gradients(backbone, true, size, 8, 1, 1, 1, 1, 1)) {
            assertArrayEquals(first, again);
        }
    }

    private static float[] gradient(
            NetworkGraph backbone, boolean bfloat16, int size, int count, float shift, long seed) {
        return gradients(backbone, bfloat16, size, count, shift, seed)[0];
    }

    /** Gradients of the same step by one module, each with a seed of its own. */
    private static float[][] gradients(
            NetworkGraph backbone, boolean bfloat16, int size, int count, float shift, long... seeds) {
        StudentNetwork trained = trained(backbone);
        float[][] gradients = new float[seeds.length][];
        try (StepModule step = module(trained, bfloat16, shift)) {
            for (int i = 0; i < seeds.length; i++) {
                try (NDManager scope = torch.scope()) {
                    NDArray out = step.newOut(scope);
                    step.backward(
                            ParityTest.images(scope, "images", count, size), targets(scope, count), out, seeds[i]);
                    gradients[i] = Arrays.copyOf(
                            out.toFloatArray(), trained.parameters().length());
                }
            }
        }
        return gradients;
    }

    private static double cosine(float[] left, float[] right) {
        double product = 0;
        double leftSquare = 0;
        double rightSquare = 0;
        for (int i = 0; i < left.length; i++) {
            product += (double) left[i] * right[i];
            leftSquare += (double) left[i] * left[i];
            rightSquare += (double) right[i] * right[i];
        }
        return product / Math.sqrt(leftSquare * rightSquare);
    }

    private static StudentNetwork trained(NetworkGraph backbone) {
        NetworkGraph head = Heads.regression(Head.Form.RELEASED, 2, backbone.outputs(), 64);
        return StudentNetwork.regression(backbone, List.of(head));
    }

    private static StepModule module(StudentNetwork trained, boolean bfloat16, float shift) {
        float[] weights = ParityTest.flat(trained.parameters(), shift, shift);
        float[] statistics = ParityTest.flat(trained.statistics(), shift, shift);
        StudentState state =
                new StudentState(weights, List.of(new float[weights.length]), statistics, new float[0], new float[0]);
        return new StepModule(torch, trained, new StepSettings(bfloat16, 0.9, 1e-4), state);
    }

    private static NDArray[] targets(NDManager scope, int count) {
        return new NDArray[] {ParityTest.targets(scope)[0].get("0:" + count)};
    }

    private static StateDict fixture(String kind, Network name) {
        String network = name.name().toLowerCase(Locale.ROOT).replace('_', '-');
        return ParityTest.fixture(kind + "-" + network + "-released-2");
    }
}
