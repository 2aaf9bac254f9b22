package org.simreg.worker.export;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Network;
import org.simreg.proto.UserError;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.engine.torchscript.ScriptModule;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.TokenFeature;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.TestWeights;
import org.simreg.worker.weights.checkpoint.TowerFixture;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Vision transformers in the formats that others open, for images of another size than the usual. */
class TransformerExportTest {
    private static final double[] MEAN = {0.485, 0.456, 0.406};
    private static final double[] DEVIATION = {0.229, 0.224, 0.225};

    private static Torch torch;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        torch = new Torch("cpu", 1);
    }

    @AfterAll
    static void stop() {
        torch.close();
    }

    @ParameterizedTest
    @CsvSource({"VIT_TI16, 48", "DINOV2_VITS14, 28", "DINOV2_VITS14_REG, 28"})
    void onnxRuntimeAndTheFilesGiveTheSameFeatures(Network name, int size) throws OrtException {
        NetworkGraph network = Networks.backbone(name).forSize(size);
        StateDict weights = weights(network);
        float[] wanted = features(network, weights, size);
        StudentExport.write(folder, network, weights, 224, Set.of(StudentExport.Format.values()));
        assertEquals(0, relative(wanted, onnx(network, size)), 1e-4);

        NetworkFit.Found found = NetworkFit.find(
                WeightsFile.read(folder.resolve(network.name() + ".safetensors")),
                Networks.backbone(name),
                PartRequest.ANY,
                "x");
        assertEquals(network, found.network());
        assertEquals(0, relative(wanted, features(found.network(), found.weights(), size)), 1e-9);

        Path script = folder.resolve(network.name() + ".torchscript.pt");
        try (NDManager scope = torch.scope();
                ScriptModule module = new ScriptModule(torch, script)) {
            float[] got = module.features(scope, pixels(scope, size)).toFloatArray();
            assertEquals(0, relative(wanted, got), 1e-4);
        }
    }

    /** Rotary positions, gated MLPs, attention pooling, each GELU, each pooling; of the first blocks. */
    @ParameterizedTest
    @CsvSource({
        "authors-dinov3-vits16-96, DINOV3_VITS16, 48, ''",
        "authors-dinov3-vits16plus-96, DINOV3_VITS16PLUS, 32, cls+mean",
        "authors-clip-vitb32, CLIP_VITB32, 224, ''",
        "huggingface-siglip-vitb16, SIGLIP_VITB16, 224, ''",
        "timm-vit-ti16, VIT_TI16, 224, mean"
    })
    void everyLayerOfATowerHasOperators(String fixture, Network name, int size, String output) throws OrtException {
        NetworkGraph whole = Networks.backbone(name);
        NetworkGraph network = TokenFeature.of(TowerFixture.read(fixture).shallow(whole), output, "--output");
        StateDict weights = weights(network);
        float[] wanted = features(network, weights, size);
        Path file = folder.resolve(network.name() + ".onnx");
        OnnxWriter.write(file, network, weights, size);
        assertEquals(0, relative(wanted, onnx(network, size)), 1e-4);
    }

    @Test
    void aSizeThatIsNoneForThePatchesOrAFileTooLargeIsRefused() {
        NetworkGraph network = Networks.backbone(Network.DINOV3_VITS16);
        Path file = folder.resolve("none.onnx");
        UserError refused =
                assertThrows(UserError.class, () -> OnnxWriter.write(file, network, StateDict.of(Map.of()), 40));
        assertTrue(refused.getMessage().startsWith("Can't write dinov3-vits16 as onnx: 40 px can't be cut"));
        NetworkGraph giant = Networks.backbone(Network.DINOV2_VITG14);
        UserError large = assertThrows(
                UserError.class,
                () -> StudentExport.write(
                        folder, giant, StateDict.of(Map.of()), 224, Set.of(StudentExport.Format.ONNX)));
        assertTrue(large.getMessage().contains("its weights are 4.5 GB, and a file holds 2.1"), large::getMessage);
    }

    private static StateDict weights(NetworkGraph network) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (Weight weight : network.weights()) {
            tensors.put(weight.name(), HostTensor.of(TestWeights.values(weight), weight.shape()));
        }
        return StateDict.of(tensors);
    }

    private static float[] features(NetworkGraph network, StateDict weights, int size) {
        try (FrozenModule module = FrozenModule.of(torch, network, weights, false);
                NDManager scope = torch.scope()) {
            return module.features(scope, pixels(scope, size)).toFloatArray();
        }
    }

    private static NDArray pixels(NDManager scope, int size) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(2 * size * size * 3);
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, pixel(i));
        }
        return Torch.images(scope, bytes, 2, size);
    }

    private static byte pixel(int i) {
        return (byte) (int) (256 * TestWeights.uniform("images", i));
    }

    private float[] onnx(NetworkGraph network, int size) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        String file = folder.resolve(network.name() + ".onnx").toString();
        long[] shape = {2, 3, size, size};
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            try (OrtSession session = environment.createSession(file, options);
                    OnnxTensor images = OnnxTensor.createTensor(environment, FloatBuffer.wrap(images(size)), shape);
                    OrtSession.Result result = session.run(Map.of("images", images))) {
                OnnxTensor output = (OnnxTensor) result.get("features").orElseThrow();
                float[] values = new float[2 * network.outputs()];
                output.getFloatBuffer().get(values);
                return values;
            }
        }
    }

    private static float[] images(int size) {
        float[] images = new float[2 * 3 * size * size];
        for (int i = 0; i < images.length; i++) {
            int channel = i % 3;
            int pixel = i / 3;
            int image = pixel / (size * size);
            double value = (pixel(i) & 0xFF) / 255.0;
            images[(image * 3 + channel) * size * size + pixel % (size * size)] =
                    (float) ((value - MEAN[channel]) / DEVIATION[channel]);
        }
        return images;
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
}
