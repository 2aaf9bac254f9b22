package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.StateDict;

/** DINO's and DINOv2's networks, against the features of timm, transformers and the authors' code in float64. */
class VisionTransformerTest {
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
        "authors-dino-vits16, DINO_VITS16, 224",
        "authors-dino-vits16-64, DINO_VITS16, 64",
        "authors-dino-vits8-40, DINO_VITS8, 40",
        "authors-dinov2-vits14-56, DINOV2_VITS14, 56",
        "authors-dinov2-vits14-reg-70, DINOV2_VITS14_REG, 70",
        "huggingface-dino-vits16, DINO_VITS16, 224",
        "huggingface-dinov2-vits14-reg, DINOV2_VITS14_REG, 70",
        "timm-dinov2-vits14-reg, DINOV2_VITS14_REG, 70"
    })
    void theFeatureIsTheClassTokenOfTheAuthors(String file, Network name, int size) {
        NetworkGraph network = Networks.backbone(name);
        StateDict found = HubFixture.filled(file);
        assertEquals(name, FittingNetwork.of(found, PartRequest.ANY, file, "--network", notice -> {}));
        StateDict weights = NetworkFit.fit(found, network, file);
        float[] wanted = HubFixture.features(file);
        assertTrue(relative(wanted, features(network, weights, size, false)) < 1e-4);
    }

    @Test
    void inBfloat16ItPointsTheSameWay() {
        NetworkGraph network = Networks.backbone(Network.DINOV2_VITS14);
        StateDict weights = NetworkFit.fit(HubFixture.filled("authors-dinov2-vits14-56"), network, "x");
        float[] wanted = HubFixture.features("authors-dinov2-vits14-56");
        assertTrue(cosine(wanted, features(network, weights, 56, true)) > 0.9995);
    }

    @ParameterizedTest
    @CsvSource({
        "dino-vitb16, DINO_VITB16",
        "dino-vitb8, DINO_VITB8",
        "dinov2-vitb14, DINOV2_VITB14",
        "dinov2-vitl14, DINOV2_VITL14",
        "dinov2-vitb14-reg, DINOV2_VITB14_REG",
        "dinov2-vitl14-reg, DINOV2_VITL14_REG"
    })
    void theLargerOnesAreToldByTimmsNamesAndShapes(String name, Network network) {
        StateDict file = HubFixture.zeros("timm-" + name, "teacher.backbone.");
        assertEquals(network, FittingNetwork.of(file, PartRequest.ANY, "x.pth", "--network", notice -> {}));
        assertEquals(name, Networks.backbone(network).name());
    }

    @Test
    void aMaskTokenIsLeftOutAndAnotherTokenIsNoKnownNetwork() {
        Map<String, long[]> shapes = HubFixture.shapes("authors-dinov2-vits14-56");
        shapes.put("mask_token", new long[] {1, 384});
        assertEquals(
                Network.DINOV2_VITS14,
                FittingNetwork.of(HubFixture.zeros(shapes, ""), PartRequest.ANY, "x.pth", "--network", notice -> {}));
        Map<String, long[]> more = new LinkedHashMap<>(shapes);
        more.put("dist_token", new long[] {1, 1, 384});
        assertThrows(
                UserError.class,
                () -> FittingNetwork.of(
                        HubFixture.zeros(more, ""), PartRequest.ANY, "x.pth", "--network", notice -> {}));
    }

    @Test
    void imagesThatPatchesDoNotFitAreRefusedWithASizeThatDoes() {
        NetworkGraph network = Networks.backbone(Network.DINOV2_VITS14);
        StateDict weights = NetworkFit.fit(HubFixture.filled("authors-dinov2-vits14-56"), network, "x");
        UserError error = assertThrows(UserError.class, () -> features(network, weights, 64, false));
        assertEquals(
                "Can't compute features: 64 px can't be cut in dinov2-vits14's patches of 14 px; choose a multiple,"
                        + " such as 56 or 70",
                error.getMessage());
    }

    private static float[] features(NetworkGraph network, StateDict weights, int size, boolean bfloat16) {
        try (FrozenModule module = FrozenModule.of(torch, network, weights, bfloat16);
                NDManager scope = torch.scope()) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(2 * size * size * 3);
            for (int i = 0; i < bytes.capacity(); i++) {
                bytes.put(i, (byte) (int) (256 * TestWeights.uniform("images", i)));
            }
            return module.features(scope, Torch.images(scope, bytes, 2, size)).toFloatArray();
        }
    }

    private static double relative(float[] wanted, float[] got) {
        assertEquals(wanted.length, got.length);
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < wanted.length; i++) {
            worst = Math.max(worst, Math.abs(wanted[i] - got[i]));
            largest = Math.max(largest, Math.abs(wanted[i]));
        }
        return worst / largest;
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squareA += (double) a[i] * a[i];
            squareB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squareA * squareB);
    }
}
