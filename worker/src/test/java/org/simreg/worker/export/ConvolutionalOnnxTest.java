package org.simreg.worker.export;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simreg.proto.Network;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.HubFixture;
import org.simreg.worker.weights.checkpoint.NetworkFit;
import org.simreg.worker.weights.checkpoint.TestWeights;
import org.simreg.worker.weights.tensor.StateDict;

/** ONNX files of ConvNeXt, EfficientNet and MobileNet v3 and v4, run by ONNX Runtime against their libraries' features. */
class ConvolutionalOnnxTest {
    private static final double[] MEAN = {0.485, 0.456, 0.406};
    private static final double[] DEVIATION = {0.229, 0.224, 0.225};

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "timm-convnext-atto, CONVNEXT_ATTO, 32",
        "timm-convnext-femto, CONVNEXT_FEMTO, 32",
        "timm-convnext-pico, CONVNEXT_PICO, 32",
        "timm-convnext-nano, CONVNEXT_NANO, 32",
        "timm-convnext-tiny, CONVNEXT_TINY, 64",
        "timm-efficientnet-b0, EFFICIENTNET_B0, 64",
        "huggingface-efficientnet-b0, EFFICIENTNET_B0_TF, 64",
        "torchvision-mobilenetv3-small, MOBILENETV3_SMALL, 64",
        "torchvision-mobilenetv3-large, MOBILENETV3_LARGE, 64",
        "timm-mobilenetv3-small-timm, MOBILENETV3_SMALL_TIMM, 64",
        "timm-mobilenetv3-large-timm, MOBILENETV3_LARGE_TIMM, 64",
        "timm-mobilenetv4-conv-small, MOBILENETV4_CONV_SMALL, 64",
        "timm-mobilenetv4-conv-medium, MOBILENETV4_CONV_MEDIUM, 64"
    })
    void onnxRuntimeGivesTheLibrarysFeatures(String file, Network name, int size) throws OrtException {
        NetworkGraph network = Networks.backbone(name);
        StateDict weights = NetworkFit.fit(HubFixture.filled(file), network, file);
        float[] wanted = HubFixture.features(file);
        float[] got = run(network, weights, size);
        int step = Math.max(1, network.outputs() / 128);
        int columns = wanted.length / 2;
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < wanted.length; i++) {
            float value = got[i / columns * network.outputs() + i % columns * step];
            worst = Math.max(worst, Math.abs(wanted[i] - value));
            largest = Math.max(largest, Math.abs(wanted[i]));
        }
        assertEquals(0, worst / largest, 1e-4);
    }

    private float[] run(NetworkGraph network, StateDict weights, int size) throws OrtException {
        Path file = folder.resolve("network.onnx");
        OnnxWriter.write(file, network, weights, size);
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        long[] shape = {2, 3, size, size};
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            try (OrtSession session = environment.createSession(file.toString(), options);
                    OnnxTensor images = OnnxTensor.createTensor(environment, FloatBuffer.wrap(images(size)), shape);
                    OrtSession.Result result = session.run(Map.of("images", images))) {
                OnnxTensor output = (OnnxTensor) result.get("features").orElseThrow();
                float[] values = new float[2 * network.outputs()];
                output.getFloatBuffer().get(values);
                return values;
            }
        }
    }

    /** (2, 3, size, size), the pixels of the fixtures, normalised. */
    private static float[] images(int size) {
        float[] images = new float[2 * 3 * size * size];
        for (int i = 0; i < images.length; i++) {
            int channel = i % 3;
            int pixel = i / 3;
            int image = pixel / (size * size);
            double value = (int) (256 * TestWeights.uniform("images", i)) / 255.0;
            images[(image * 3 + channel) * size * size + pixel % (size * size)] =
                    (float) ((value - MEAN[channel]) / DEVIATION[channel]);
        }
        return images;
    }
}
