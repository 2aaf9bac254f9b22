package org.simreg.worker.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.simreg.proto.Head;
import org.simreg.proto.Network;
import org.simreg.worker.network.Heads;
import org.simreg.worker.network.NetworkGraph;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.Weight.Kind;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.TestWeights;
import org.simreg.worker.weights.checkpoint.WeightFixtures;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.tensor.StateDict;

/** Tests of exported ONNX files, run by ONNX Runtime against the features of PyTorch. */
class OnnxWriterTest {
    private static final long[] SHAPE = {2, 3, 40, 33};

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(
            value = Network.class,
            names = {"RESNET18", "RESNET50_BYOL", "MOBILENET_V2"})
    void onnxRuntimeGivesPyTorchsFeatures(Network name) throws OrtException {
        NetworkGraph network = Networks.backbone(name);
        float[] expected = WeightsFile.read(WeightFixtures.file("features.safetensors"))
                .get(network.name())
                .floats();
        float[] actual = run(network, images(), SHAPE, 2);
        assertEquals(0, error(expected, actual), 1e-5, "error relative to the largest feature");
    }

    @Test
    void oneImageOfABatchGivesWhatItGivesAlone() throws OrtException {
        NetworkGraph network = Networks.backbone(Network.RESNET18);
        float[] both = run(network, images(), SHAPE, 2);
        float[] first = Arrays.copyOf(images(), 3 * 40 * 33);
        float[] alone = run(network, first, new long[] {1, 3, 40, 33}, 1);
        assertEquals(0, error(alone, Arrays.copyOf(both, 512)), 1e-5);
    }

    @Test
    void headsKeepTheirNorms() throws OrtException {
        NetworkGraph head = Heads.regression(Head.Form.LINEAR, 1, 2, 2);
        float[] output = run(head, new float[] {3, -4}, new long[] {1, 2}, 1);
        StateDict weights = WeightFixtures.weights(head);
        float[] expected = new float[2];
        for (int out = 0; out < 2; out++) {
            double sum = at(weights, "1.bias", out);
            for (int in = 0; in < 2; in++) {
                double x = in == 0 ? 3 : -4;
                double mean = at(weights, "0.running_mean", in);
                double deviation = Math.sqrt(at(weights, "0.running_var", in) + 1e-5);
                double normal = (x - mean) / deviation * at(weights, "0.weight", in) + at(weights, "0.bias", in);
                sum += normal * at(weights, "1.weight", 2 * out + in);
            }
            expected[out] = (float) sum;
        }
        assertArrayEquals(expected, output, 1e-5f);
    }

    private static float at(StateDict weights, String name, int place) {
        return weights.get(name).floats()[place];
    }

    private static float[] images() {
        float[] images = TestWeights.values(new Weight("images", SHAPE, Kind.LINEAR_BIAS));
        for (int i = 0; i < images.length; i++) {
            images[i] *= 20;
        }
        return images;
    }

    private float[] run(NetworkGraph network, float[] input, long[] shape, int rows) throws OrtException {
        Path file = folder.resolve(network.name() + ".onnx");
        OnnxWriter.write(file, network, WeightFixtures.weights(network), 224);
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setInterOpNumThreads(1);
            try (OrtSession session = environment.createSession(file.toString(), options);
                    OnnxTensor tensor = OnnxTensor.createTensor(environment, FloatBuffer.wrap(input), shape);
                    OrtSession.Result result = session.run(
                            Map.of(session.getInputNames().iterator().next(), tensor))) {
                OnnxTensor output = (OnnxTensor) result.get("features").orElseThrow();
                assertArrayEquals(
                        new long[] {rows, network.outputs()}, output.getInfo().getShape());
                float[] values = new float[rows * network.outputs()];
                output.getFloatBuffer().get(values);
                return values;
            }
        }
    }

    private static double error(float[] expected, float[] actual) {
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
        }
        assertTrue(largest > 0, "all features are 0");
        return difference / largest;
    }
}
