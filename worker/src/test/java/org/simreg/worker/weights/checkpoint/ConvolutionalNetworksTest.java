package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.StateDict;

/** ConvNeXt, EfficientNet and MobileNet v3 and v4 against the features of timm, torchvision and transformers in float64. */
class ConvolutionalNetworksTest {
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
        "timm-convnext-atto, CONVNEXT_ATTO, 32, 0",
        "timm-convnext-tiny, CONVNEXT_TINY, 64, 10",
        "torchvision-convnext-tiny, CONVNEXT_TINY, 64, 10",
        "authors-convnext-tiny, CONVNEXT_TINY, 64, 0",
        "huggingface-convnext-tiny, CONVNEXT_TINY, 64, 0",
        "huggingface-dinov3-convnext-tiny, CONVNEXT_TINY, 64, 0",
        "timm-efficientnet-b0, EFFICIENTNET_B0, 64, 10",
        "torchvision-efficientnet-b0, EFFICIENTNET_B0, 64, 10",
        "huggingface-efficientnet-b0, EFFICIENTNET_B0_TF, 64, 0",
        "torchvision-mobilenetv3-small, MOBILENETV3_SMALL, 64, 10",
        "torchvision-mobilenetv3-large, MOBILENETV3_LARGE, 64, 10",
        "timm-mobilenetv3-small-timm, MOBILENETV3_SMALL_TIMM, 64, 0",
        "timm-mobilenetv3-large-timm, MOBILENETV3_LARGE_TIMM, 64, 0",
        "timm-mobilenetv4-conv-small, MOBILENETV4_CONV_SMALL, 64, 10",
        "timm-mobilenetv4-conv-medium, MOBILENETV4_CONV_MEDIUM, 64, 10"
    })
    void aFileIsRecognisedAndGivesTheFeaturesOfItsLibrary(String file, Network name, int size, int classes) {
        recognised(file, name, size, classes);
    }

    @ParameterizedTest
    @EnabledIfSystemProperty(named = "simreg.test.networks", matches = "all")
    @CsvSource({
        "timm-convnext-femto, CONVNEXT_FEMTO, 32, 0",
        "timm-convnext-pico, CONVNEXT_PICO, 32, 0",
        "timm-convnext-nano, CONVNEXT_NANO, 32, 0",
        "timm-convnext-small, CONVNEXT_SMALL, 32, 0",
        "timm-convnext-base, CONVNEXT_BASE, 32, 0",
        "timm-convnext-large, CONVNEXT_LARGE, 32, 0"
    })
    void soAreOthersOfAFamily(String file, Network name, int size, int classes) {
        recognised(file, name, size, classes);
    }

    private static void recognised(String file, Network name, int size, int classes) {
        StateDict found = HubFixture.filled(file);
        assertEquals(name, FittingNetwork.of(found, PartRequest.ANY, file, "--network", notice -> {}));
        NetworkGraph network = Networks.backbone(name);
        StateDict weights = NetworkFit.fit(found, network, file);
        float[] wanted = HubFixture.features(file);
        assertEquals(0, off(wanted, features(network, weights, size, false, true)), 1e-4);
        assertTrue(cosine(wanted, features(network, weights, size, true, true)) > 0.9995);
        if (classes > 0) {
            assertEquals(classes, NetworkFit.classes(found, name, PartRequest.ANY, file));
        }
    }

    /** The code that a GPU runs, on the CPU. */
    @ParameterizedTest
    @CsvSource({
        "timm-convnext-atto, CONVNEXT_ATTO, 32",
        "timm-efficientnet-b0, EFFICIENTNET_B0, 64",
        "torchvision-mobilenetv3-small, MOBILENETV3_SMALL, 64"
    })
    void soItDoesWithoutFusedConvolutions(String file, Network name, int size) {
        NetworkGraph network = Networks.backbone(name);
        StateDict weights = NetworkFit.fit(HubFixture.filled(file), network, file);
        assertEquals(0, off(HubFixture.features(file), features(network, weights, size, false, false)), 1e-4);
    }

    @Test
    void timmsPortOfTensorFlowsWeightsIsReadWhereItIsAskedFor() {
        StateDict found = HubFixture.filled("timm-tf-efficientnet-b0");
        List<String> notices = new ArrayList<>();
        assertEquals(
                Network.EFFICIENTNET_B0,
                FittingNetwork.of(found, PartRequest.ANY, "x.pth", "--teacher-network", notices::add));
        assertEquals(
                "the weights of x.pth are taken as efficientnet-b0, which has the names and shapes of"
                        + " efficientnet-b0-tf too; --teacher-network can say otherwise",
                notices.get(0));
        NetworkGraph network = Networks.backbone(Network.EFFICIENTNET_B0_TF);
        StateDict weights = NetworkFit.fit(found, network, "x.pth");
        float[] wanted = HubFixture.features("timm-tf-efficientnet-b0");
        assertEquals(0, off(wanted, features(network, weights, 65, false, true)), 1e-4);
    }

    private static float[] features(
            NetworkGraph network, StateDict weights, int size, boolean bfloat16, boolean fused) {
        FrozenModule.Kind kind = new FrozenModule.Kind(Pixels.IMAGENET, bfloat16, fused && torch.fuses());
        try (FrozenModule module = FrozenModule.stages(torch, network, weights, kind, List.of());
                NDManager scope = torch.scope()) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(2 * size * size * 3);
            for (int i = 0; i < bytes.capacity(); i++) {
                bytes.put(i, (byte) (int) (256 * TestWeights.uniform("images", i)));
            }
            float[] all =
                    module.features(scope, Torch.images(scope, bytes, 2, size)).toFloatArray();
            return columns(all, network.outputs());
        }
    }

    /** Every step-th column of two rows, as the fixtures have them. */
    private static float[] columns(float[] features, int width) {
        int step = Math.max(1, width / 128);
        int columns = (width + step - 1) / step;
        float[] some = new float[2 * columns];
        for (int i = 0; i < some.length; i++) {
            some[i] = features[i / columns * width + i % columns * step];
        }
        return some;
    }

    private static double off(float[] wanted, float[] got) {
        assertEquals(wanted.length, got.length);
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < wanted.length; i++) {
            worst = Math.max(worst, Math.abs(wanted[i] - got[i]));
            largest = Math.max(largest, Math.abs(wanted[i]));
        }
        return worst / largest;
    }

    /** Of the rows that point in the most different directions. */
    private static double cosine(float[] wanted, float[] got) {
        double least = 1;
        int width = wanted.length / 2;
        for (int row = 0; row < 2; row++) {
            double product = 0;
            double left = 0;
            double right = 0;
            for (int i = row * width; i < (row + 1) * width; i++) {
                product += wanted[i] * got[i];
                left += wanted[i] * wanted[i];
                right += got[i] * got[i];
            }
            least = Math.min(least, product / Math.sqrt(left * right));
        }
        return least;
    }
}
