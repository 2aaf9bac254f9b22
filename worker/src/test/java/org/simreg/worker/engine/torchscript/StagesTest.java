package org.simreg.worker.engine.torchscript;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.Stage;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.TestWeights;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of the features of all stages and of all layers of a head by one pass. */
class StagesTest {
    private static final int SIZE = 64;
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
        "RESNET18, RELEASED, 4, true",
        "RESNET18, RELEASED, 4, false",
        "RESNET18, RELEASED, 2, true",
        "RESNET50, PAPER, 2, true",
        "MOBILENET_V2, LINEAR, 1, true",
        "MOBILENET_V2, LINEAR, 1, false",
        "CONVNEXT_ATTO, LINEAR, 1, true",
        "CONVNEXT_ATTO, LINEAR, 1, false",
        "EFFICIENTNET_B0, LINEAR, 1, true",
        "MOBILENETV4_CONV_SMALL, LINEAR, 1, true",
        "MOBILENETV4_CONV_SMALL, LINEAR, 1, false"
    })
    void theyAreWhatPyTorchsHooksSee(Network name, Head.Form form, int layers, boolean fused) {
        NetworkGraph backbone = Networks.backbone(name);
        NetworkGraph head = Heads.regression(form, layers, backbone.outputs(), 64);
        int top = backbone.nodes().size();
        NetworkGraph whole = Stage.joined(backbone, top, head, "head");
        List<Stage> stages = new ArrayList<>(backbone.stages());
        stages.addAll(Stage.ofHead(head, "head", top));
        String fixture = (name + "-" + form + "-" + layers).toLowerCase(Locale.ROOT);
        float[] wanted = truth(fixture.replace('_', '-'));
        float[] got = features(whole, stages, fused);
        assertEquals(wanted.length, got.length);
        int row = got.length / 2;
        for (int image = 0; image < 2; image++) {
            int at = image * row;
            for (Stage stage : stages) {
                close(stage.name(), wanted, got, at, stage.width());
                at += stage.width();
            }
            assertEquals((image + 1) * row, at, "the widths of the stages");
        }
    }

    @Test
    void theLastStageIsTheVeryFeatureOfTheBackbone() {
        NetworkGraph backbone = Networks.backbone(Network.RESNET18);
        List<Stage> stages = backbone.stages();
        float[] all = features(backbone, stages, true);
        int width = stages.get(stages.size() - 1).width();
        try (FrozenModule plain = FrozenModule.of(torch, backbone, weights(backbone), false);
                NDManager scope = torch.scope()) {
            float[] feature = plain.features(scope, images(scope)).toFloatArray();
            int row = all.length / 2;
            assertArrayEquals(Arrays.copyOfRange(feature, 0, width), Arrays.copyOfRange(all, row - width, row));
        }
    }

    @Test
    void aTransformersStagesAreTheMeansOfItsPatches() {
        NetworkGraph backbone = Networks.backbone(Network.VIT_TI16).forSize(32);
        assertEquals(
                List.of("blocks.2 192", "blocks.5 192", "blocks.8 192", "blocks.11 192", "class_token 192"),
                names(backbone.stages()));
        float[] all = features(backbone, backbone.stages(), true);
        Op.Prefix prefix = ((Op.PatchTokens) backbone.nodes().get(0).op()).prefix();
        for (int i = 0; i < 4; i++) {
            int end = backbone.stages().get(i).value();
            List<NetworkGraph.Node> first = new ArrayList<>(backbone.nodes().subList(0, end));
            first.add(new NetworkGraph.Node("pool", new Op.TokenPool(Op.Pooling.MEAN, prefix), end, -1));
            NetworkGraph cut = new NetworkGraph("cut", first, 3, 192);
            try (FrozenModule plain = FrozenModule.of(torch, cut, weights(backbone), false);
                    NDManager scope = torch.scope()) {
                float[] feature = plain.features(scope, images(scope)).toFloatArray();
                float[] stage = Arrays.copyOfRange(all, i * 192, (i + 1) * 192);
                assertArrayEquals(
                        Arrays.copyOf(feature, 192),
                        stage,
                        backbone.stages().get(i).name());
            }
        }
    }

    @Test
    void theStagesAreNamedInOrder() {
        assertEquals(
                List.of("stem 64", "layer1 256", "layer2 512", "layer3 1024", "layer4 2048"),
                names(Networks.backbone(Network.RESNET50).stages()));
        assertEquals(
                List.of(
                        "stem 32",
                        "stage1 16",
                        "stage2 24",
                        "stage3 32",
                        "stage4 64",
                        "stage5 96",
                        "stage6 160",
                        "stage7 320",
                        "last 1280"),
                names(Networks.backbone(Network.MOBILENET_V2).stages()));
        NetworkGraph head = Heads.regression(Head.Form.RELEASED, 4, 512, 2048);
        assertEquals(
                List.of("head.1 1024", "head.2 512", "head.3 1024", "head.4 2048"),
                names(Stage.ofHead(head, "head", 0)));
    }

    private static List<String> names(List<Stage> stages) {
        return stages.stream().map(stage -> stage.name() + " " + stage.width()).toList();
    }

    private static float[] features(NetworkGraph network, List<Stage> stages, boolean fused) {
        try (FrozenModule module = FrozenModule.stages(
                        torch,
                        network,
                        weights(network),
                        new FrozenModule.Kind(Pixels.IMAGENET, false, fused && torch.fuses()),
                        stages);
                NDManager scope = torch.scope()) {
            return module.features(scope, images(scope)).toFloatArray();
        }
    }

    private static void close(String stage, float[] wanted, float[] got, int from, int count) {
        double worst = 0;
        double largest = 0;
        for (int i = from; i < from + count; i++) {
            worst = Math.max(worst, Math.abs(got[i] - wanted[i]));
            largest = Math.max(largest, Math.abs(wanted[i]));
        }
        assertTrue(largest > 0, stage + " is all zero");
        assertEquals(0, worst / largest, 1e-4, stage);
    }

    private static StateDict weights(NetworkGraph network) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (Weight weight : network.weights()) {
            tensors.put(weight.name(), HostTensor.of(TestWeights.values(weight), weight.shape()));
        }
        return StateDict.of(tensors);
    }

    private static NDArray images(NDManager scope) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(2 * SIZE * SIZE * 3);
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, (byte) (int) (256 * TestWeights.uniform("images", i)));
        }
        return Torch.images(scope, bytes, 2, SIZE);
    }

    /** Row 1: what float64 arithmetic gave. */
    private static float[] truth(String name) {
        String resource = "/fixtures/parity/stages-" + name + ".safetensors";
        try {
            Path file = Path.of(StagesTest.class.getResource(resource).toURI());
            float[] both = WeightsFile.read(file).get("features").floats();
            return Arrays.copyOfRange(both, both.length / 2, both.length);
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
