package org.simreg.worker.weights.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.simreg.proto.Network;
import org.simreg.worker.engine.torch.Torch;
import org.simreg.worker.engine.torchscript.FrozenModule;
import org.simreg.worker.network.Weight;
import org.simreg.worker.network.Weight.Kind;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

/** Files whose layers are numbered as TensorFlow's program makes them. */
class TensorFlowNamesTest {
    private record Line(String name, long[] narrow, long[] wide) {
        static Line of(String text) {
            String[] words = text.split(" ");
            return new Line(words[0], sizes(words[1]), sizes(words[2]));
        }

        private static long[] sizes(String text) {
            return Arrays.stream(text.split(",")).mapToLong(Long::parseLong).toArray();
        }
    }

    @Test
    void theNamesAndShapesOfThePublishedPortAreAResNet50x4() throws IOException {
        NamedShapes file = new NamedShapes();
        lines().forEach(line -> file.with(line.name, line.wide));
        RecognizedFile.FoundNetwork found = file.recognised().networks().get(0);
        assertEquals(Network.RESNET50X4, found.name());
        assertEquals(1000, found.classes());
        assertEquals(
                Networks.backbone(Network.RESNET50X4).weights().size(),
                NetworkFit.fit(file.dict(), found.network(), "x4.pth").size());
        assertEquals(1000, NetworkFit.classes(file.dict(), Network.RESNET50X4, PartRequest.ANY, "x4.pth"));
    }

    @Test
    void readAsOursItGivesTheFeaturesOfTheModuleInPyTorch() throws IOException {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (Line line : lines()) {
            float[] values = TestWeights.values(new Weight(line.name, line.narrow, kind(line.name)));
            tensors.put("module." + line.name, HostTensor.of(values, line.narrow));
        }
        var network = Networks.backbone(Network.RESNET50);
        StateDict weights = NetworkFit.fit(StateDict.of(tensors), network, "x1.pth");
        float[] both = WeightsFile.read(resource("features-tensorflow-resnet50.safetensors"))
                .get("features")
                .floats();
        float[] wanted = Arrays.copyOfRange(both, both.length / 2, both.length);
        try (Torch torch = new Torch("cpu", 1);
                FrozenModule module = FrozenModule.of(torch, network, weights, false);
                NDManager scope = torch.scope()) {
            var images = Torch.images(scope, images(), 2, 64);
            close(wanted, module.features(scope, images).toFloatArray());
        }
    }

    private static void close(float[] wanted, float[] features) {
        int step = features.length / wanted.length;
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < wanted.length; i++) {
            worst = Math.max(worst, Math.abs(wanted[i] - features[i * step]));
            largest = Math.max(largest, Math.abs(wanted[i]));
        }
        assertTrue(largest > 0);
        assertEquals(0, worst / largest, 1e-4);
    }

    private static Kind kind(String name) {
        boolean norm = name.startsWith("batch");
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "running_mean" -> Kind.RUNNING_MEAN;
            case "running_var" -> Kind.RUNNING_VARIANCE;
            case "bias" -> norm ? Kind.NORM_SHIFT : Kind.LINEAR_BIAS;
            default -> norm ? Kind.NORM_SCALE : name.startsWith("fc") ? Kind.LINEAR : Kind.CONVOLUTION;
        };
    }

    private static ByteBuffer images() {
        ByteBuffer bytes = ByteBuffer.allocateDirect(2 * 64 * 64 * 3);
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, (byte) (int) (256 * TestWeights.uniform("images", i)));
        }
        return bytes;
    }

    private static List<Line> lines() throws IOException {
        return Files.readAllLines(resource("tensorflow-names.txt")).stream()
                .map(Line::of)
                .toList();
    }

    private static Path resource(String name) {
        try {
            return Path.of(TensorFlowNamesTest.class
                    .getResource("/fixtures/parity/" + name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
