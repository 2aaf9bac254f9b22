package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.StateDict;

/** Files whose tensors have the names of other libraries, against those libraries' features in float64. */
class HubNamesTest {
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
        "huggingface-resnet18, RESNET18, 0",
        "huggingface-resnet50-classifier, RESNET50, 10",
        "huggingface-mobilenet-v2, MOBILENET_V2_TF, 0",
        "timm-mobilenet-v2, MOBILENET_V2, 10",
        "sequential-resnet18, RESNET18, 0",
        "sequential-mobilenet-v2, MOBILENET_V2, 0",
        "shortcut-resnet18-cifar, RESNET18_CIFAR, 10",
        "sequential-resnet18-cifar, RESNET18_CIFAR, 0",
        "torchvision-resnet18-cifar, RESNET18_CIFAR, 0",
        "detectron2-resnet50, RESNET50, 0",
        "mmpretrain-mobilenet-v2, MOBILENET_V2, 10"
    })
    void aFileIsTheNetworkThatItsNamesAndShapesFit(String file, Network network, int classes) {
        for (String prefix : List.of("", "module.", "model.backbone.")) {
            StateDict found = HubFixture.zeros(file, prefix);
            List<String> notices = new ArrayList<>();
            assertEquals(
                    network,
                    FittingNetwork.of(found, PartRequest.ANY, "x.pth", "--teacher-network", notices::add),
                    prefix);
            NetworkGraph graph = Networks.backbone(network);
            assertTrue(
                    notices.get(0).startsWith("the weights of x.pth are taken as " + graph.name()), notices::toString);
            assertEquals(
                    graph.weights().size(),
                    NetworkFit.fit(found, graph, "x.pth").size());
            if (classes > 0) {
                assertEquals(classes, NetworkFit.classes(found, network, PartRequest.ANY, "x.pth"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "torchvision-convnext-tiny",
                "huggingface-convnext-tiny",
                "huggingface-dinov2-vits14-reg",
                "sequential-resnet18"
            })
    void nothingOfANetworkIsShownAsAnythingElse(String file) {
        RecognizedFile found = NetworkRecognizer.of(HubFixture.zeros(file, "model."));
        assertEquals(1, found.networks().size(), found.toString());
        assertEquals(Map.of(), found.others());
    }

    @ParameterizedTest
    @CsvSource({
        "huggingface-resnet18, RESNET18, 64",
        "huggingface-resnet50-classifier, RESNET50, 64",
        "huggingface-mobilenet-v2, MOBILENET_V2_TF, 65",
        "timm-mobilenet-v2, MOBILENET_V2, 64",
        "sequential-resnet18, RESNET18, 64",
        "sequential-mobilenet-v2, MOBILENET_V2, 64",
        "shortcut-resnet18-cifar, RESNET18_CIFAR, 32",
        "sequential-resnet18-cifar, RESNET18_CIFAR, 32",
        "torchvision-resnet18-cifar, RESNET18_CIFAR, 33",
        "torchvision-resnet18-cifar-pad2, RESNET18_CIFAR_PAD2, 33"
    })
    void readAsOursItGivesTheFeaturesOfTheLibrary(String file, Network name, int size) {
        NetworkGraph network = Networks.backbone(name);
        StateDict weights = NetworkFit.fit(HubFixture.filled(file), network, file);
        float[] wanted = HubFixture.features(file);
        try (FrozenModule module = FrozenModule.of(torch, network, weights, false);
                NDManager scope = torch.scope()) {
            float[] features = module.features(scope, Torch.images(scope, images(size), 2, size))
                    .toFloatArray();
            close(wanted, features);
        }
    }

    @Test
    void aMobileNetOfHuggingFacesNamesIsTorchvisionsWhereThatIsAskedFor() {
        NetworkGraph network = Networks.backbone(Network.MOBILENET_V2);
        StateDict file = HubFixture.zeros("huggingface-mobilenet-v2", "");
        assertEquals(
                network.weights().size(), NetworkFit.fit(file, network, "x.pth").size());
    }

    @Test
    void layersBetweenKnownOnesAreNoKnownNetwork() {
        Map<String, long[]> shapes = HubFixture.shapes("timm-mobilenet-v2");
        shapes.put("blocks.1.0.se.conv_reduce.weight", new long[] {8, 96, 1, 1});
        UserError error = assertThrows(
                UserError.class,
                () -> FittingNetwork.of(
                        HubFixture.zeros(shapes, ""), PartRequest.ANY, "x.pth", "--teacher-network", notice -> {}));
        assertTrue(error.getMessage().contains("nearest is mobilenetv3-large-timm with "), error.getMessage());
        assertTrue(error.getMessage().contains("--teacher-network (resnet18, "), error.getMessage());
    }

    @Test
    void severalNetworksAreRefusedWithTheirNames() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        HubFixture.shapes("sequential-resnet18").forEach((name, shape) -> shapes.put("left." + name, shape));
        HubFixture.shapes("timm-mobilenet-v2").forEach((name, shape) -> shapes.put("right." + name, shape));
        UserError error = assertThrows(
                UserError.class,
                () -> FittingNetwork.of(
                        HubFixture.zeros(shapes, ""), PartRequest.ANY, "x.pth", "--teacher-network", notice -> {}));
        assertTrue(
                error.getMessage().contains("it holds resnet18 at 'left.' and mobilenet-v2 at 'right.'"),
                error.getMessage());
        assertTrue(error.getMessage().contains("--teacher-network (resnet18, mobilenet-v2)"), error.getMessage());
    }

    @Test
    void whatShapesCannotTellIsSaid() {
        List<String> notices = new ArrayList<>();
        FittingNetwork.of(
                HubFixture.zeros("torchvision-resnet18-cifar-pad2", ""),
                PartRequest.ANY,
                "x.pth",
                "--teacher-network",
                notices::add);
        assertEquals(
                "the weights of x.pth are taken as resnet18-cifar, which has the names and shapes of"
                        + " resnet18-cifar-pad2 too; --teacher-network can say otherwise",
                notices.get(0));
    }

    private static void close(float[] wanted, float[] features) {
        int step = features.length / wanted.length;
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < wanted.length; i++) {
            worst = Math.max(worst, Math.abs(wanted[i] - features[at(i, step, wanted.length, features.length)]));
            largest = Math.max(largest, Math.abs(wanted[i]));
        }
        assertTrue(largest > 0);
        assertEquals(0, worst / largest, 1e-4);
    }

    /** Every step-th column of two rows. */
    private static int at(int i, int step, int wanted, int features) {
        int columns = wanted / 2;
        return i / columns * (features / 2) + i % columns * step;
    }

    private static ByteBuffer images(int size) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(2 * size * size * 3);
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, (byte) (int) (256 * TestWeights.uniform("images", i)));
        }
        return bytes;
    }
}
