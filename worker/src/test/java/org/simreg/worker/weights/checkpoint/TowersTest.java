package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Op;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of vision transformers by the names of their publishers and the features of other libraries. */
class TowersTest {
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
        "authors-dinov2-vitg14, DINOV2_VITG14, 28",
        "timm-vit-ti16, VIT_TI16, 224",
        "timm-vit-ti16-96, VIT_TI16, 96",
        "huggingface-vit-ti16, VIT_TI16, 224",
        "authors-deit-ti16-96, DEIT_TI16, 96",
        "authors-mae-vitb16-96, MAE_VITB16, 96",
        "authors-mocov3-vitb16-96, MOCOV3_VITB16, 96",
        "authors-dinov3-vits16-96, DINOV3_VITS16, 96",
        "authors-dinov3-vits16-256, DINOV3_VITS16, 256",
        "authors-dinov3-vits16plus-96, DINOV3_VITS16PLUS, 96",
        "timm-dinov3-vits16plus-96, DINOV3_VITS16PLUS, 96",
        "timm-dinov3-vits16-96, DINOV3_VITS16, 96",
        "huggingface-dinov3-vits16-96, DINOV3_VITS16, 96",
        "huggingface-dinov3-vits16plus-96, DINOV3_VITS16PLUS, 96",
        "authors-clip-vitb32, CLIP_VITB32, 224",
        "authors-clip-vitb16-96, CLIP_VITB16, 96",
        "authors-openclip-vitb32-96, OPENCLIP_VITB32, 96",
        "huggingface-clip-vitb32, CLIP_VITB32, 224",
        "timm-openclip-vitb16, OPENCLIP_VITB16, 224",
        "huggingface-siglip-vitb16, SIGLIP_VITB16, 224",
        "huggingface-siglip-vitb16-96, SIGLIP_VITB16, 96",
        "timm-siglip-vitb16, SIGLIP_VITB16, 224"
    })
    void theFeatureIsTheLibrarys(String fixture, Network name, int size) {
        TowerFixture tower = TowerFixture.read(fixture);
        NetworkGraph network = tower.shallow(Networks.backbone(name));
        StateDict weights = tower.weights(network);
        float[] wanted = tower.truth("features");
        assertTrue(relative(wanted, features(network, weights, size, false)) < 1e-4);
        assertTrue(cosine(wanted, features(network, weights, size, true)) > 0.9995);
    }

    @ParameterizedTest
    @CsvSource({
        "timm-vit-ti16-96, VIT_TI16, 96",
        "authors-dinov3-vits16-96, DINOV3_VITS16, 96",
        "huggingface-dinov3-vits16-96, DINOV3_VITS16, 96"
    })
    void theMeanOfThePatchesIsToo(String fixture, Network name, int size) {
        TowerFixture tower = TowerFixture.read(fixture);
        NetworkGraph network = tower.shallow(Networks.backbone(name));
        StateDict weights = tower.weights(network);
        float[] mean = tower.truth("mean");
        NetworkGraph pooled = network.pooled(Op.Pooling.MEAN).orElseThrow();
        assertTrue(relative(mean, features(pooled, weights, size, false)) < 1e-4);
        float[] both = features(network.pooled(Op.Pooling.CLS_MEAN).orElseThrow(), weights, size, false);
        int width = pooled.outputs();
        float[] first = tower.truth("features");
        for (int i = 0; i < mean.length; i++) {
            int row = i / width * 2 * width + i % width;
            assertEquals(first[i], both[row], 1e-3);
            assertEquals(mean[i], both[row + width], 1e-3);
        }
    }

    /** Of the last ones the file alone can't tell. */
    @ParameterizedTest
    @CsvSource({
        "authors-dinov2-vitg14, DINOV2_VITG14",
        "huggingface-dinov2-vitg14, DINOV2_VITG14",
        "timm-dinov2-vitg14-reg, DINOV2_VITG14_REG",
        "timm-vit-ti16, VIT_TI16",
        "huggingface-vit-ti16, VIT_TI16",
        "authors-dinov3-vits16-96, DINOV3_VITS16",
        "authors-dinov3-vits16plus-96, DINOV3_VITS16PLUS",
        "timm-dinov3-vits16plus-96, DINOV3_VITS16PLUS",
        "timm-dinov3-vits16-96, DINOV3_VITS16",
        "huggingface-dinov3-vits16-96, DINOV3_VITS16",
        "authors-dinov3-vitb16, DINOV3_VITB16",
        "timm-dinov3-vitb16, DINOV3_VITB16",
        "authors-dinov3-vitl16, DINOV3_VITL16",
        "timm-dinov3-vitl16, DINOV3_VITL16",
        "authors-dinov3-vith16plus, DINOV3_VITH16PLUS",
        "timm-dinov3-vith16plus, DINOV3_VITH16PLUS",
        "authors-dinov3-vit7b16, DINOV3_VIT7B16",
        "timm-dinov3-vit7b16, DINOV3_VIT7B16",
        "huggingface-dinov3-vit7b16, DINOV3_VIT7B16",
        "authors-clip-vitl14, CLIP_VITL14",
        "authors-clip-vitb16-96, CLIP_VITB16",
        "huggingface-clip-vitb32, CLIP_VITB32",
        "huggingface-siglip-vitb16, SIGLIP_VITB16",
        "timm-siglip-vitb16, SIGLIP_VITB16",
        "timm-siglip-vitl16, SIGLIP_VITL16",
        "timm-siglip-so400m14, SIGLIP_SO400M14",
        "timm-vit-s16, DINO_VITS16",
        "timm-vit-b16, DINO_VITB16",
        "authors-mocov3-vitb16-96, DINO_VITB16",
        "authors-deit-ti16-96, VIT_TI16",
        "authors-openclip-vitb32-96, CLIP_VITB32"
    })
    void namesAndShapesTellIt(String fixture, Network network) {
        TowerFixture tower = TowerFixture.read(fixture);
        List<String> notices = new ArrayList<>();
        StateDict file = tower.file(tower.depth());
        assertEquals(network, FittingNetwork.of(file, PartRequest.ANY, "x.pth", "--network", notices::add));
        assertEquals(1, notices.size());
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

    static double relative(float[] wanted, float[] got) {
        assertEquals(wanted.length, got.length);
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < wanted.length; i++) {
            worst = Math.max(worst, Math.abs(wanted[i] - got[i]));
            largest = Math.max(largest, Math.abs(wanted[i]));
        }
        return worst / largest;
    }

    static double cosine(float[] a, float[] b) {
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
